// The presets: a sender is one row. Each stands alone, so that the Worker's bundle holds only those that a config uses.
export * from './presets/business.ts';
export * from './presets/developers.ts';
export * from './presets/messaging.ts';
export * from './presets/payments.ts';
