import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** What of a box can be seen, in pixels. */
export interface ScrollView {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Follows the scrolling and the size of a box. */
export function useScrollView(box: RefObject<HTMLElement | null>, first: ScrollView): ScrollView {
  const [view, set] = useState(first);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () =>
      set({
        top: element.scrollTop,
        left: element.scrollLeft,
        height: element.clientHeight,
        width: element.clientWidth,
      });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, []);
  return view;
}
