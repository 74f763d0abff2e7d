/** What a method gets besides the request. */
export interface Call {
  /** The size of the request on the wire. */
  readonly bytes: number;
  /** Runs `listener` if the caller disconnects before the response. */
  onCancelled(listener: () => void): void;
}

/** Takes the decoded request; returns the response or its encoded bytes. Throws PubsubError. */
export type Method = (request: never, call: Call) => object | Promise<object>;

/** Methods by service and name, as in the protos. */
export type Api = Readonly<Record<string, Readonly<Record<string, Method>>>>;
