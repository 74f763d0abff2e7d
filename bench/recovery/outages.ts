/** `killed`: nothing listens. `frozen`: it takes connections and answers none. `failing`: it answers 503. */
export const outages = ['killed', 'frozen', 'failing'] as const;
export type Outage = (typeof outages)[number];
