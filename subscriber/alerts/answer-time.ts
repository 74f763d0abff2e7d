/** Google's client has no limit of its own: without one, a call that is never answered would end all alerts. */
export const answerWithinMs = 120_000;
