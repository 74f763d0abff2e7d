import { getHeapStatistics } from 'node:v8';
import { keepHeapSmall } from '../../subscriber/service/small-heap.ts';

console.log(`${process.pid} ${Math.round(getHeapStatistics().heap_size_limit / 1024 ** 2)}`);
keepHeapSmall({ oldSpaceMb: 100, semiSpaceMb: 2 });
