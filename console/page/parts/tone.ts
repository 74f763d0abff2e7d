/** How urgent something is: each has a colour and a mark. */
export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'busy';
