/** Tells when a message may go, so that the server gets no more than it takes at once and in a second. Pure. */

const URGENT = new Set(["REG_NAME", "READ", "PING", "PONG", "EXIT"]); // these count next to nothing

export class Pace {
  limit = null; // the server's `limits.pace`; without one nothing has to wait
  #emptyAt = -Infinity; // when all that may be sent at once was sent

  /** Return for how many seconds a message has to wait. If for none, it counts as sent. */
  wait({ type }, now) {
    if (!this.limit || URGENT.has(type)) return 0;
    const { at_once, per_second, costs } = this.limit;
    const cost = costs?.[type] ?? 1;
    const empty = Math.max(this.#emptyAt, now - at_once / per_second);
    const wait = empty + Math.min(cost, at_once) / per_second - now;
    if (wait > 1e-6) return wait;
    this.#emptyAt = empty + cost / per_second;
    return 0;
  }
}
