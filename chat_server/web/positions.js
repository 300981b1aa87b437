/** Which ids of each room came. They are contiguous, so repeats and holes can be told. Pure. */

export class Positions {
  #rooms = new Map();

  /** Note that everything up to an id is here, or is of no interest. */
  set(room, settled) { this.#rooms.set(room, { settled, beyond: new Set() }); }

  /** Note that a room was entered: `last` is its newest id, and what came before `first` is gone. */
  enter(room, last, first) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, { last, beyond: new Set() });
    else if (first > this.settled(room) + 1) this.settle(room, Math.min(first - 1, last));
  }

  /** Note an id; return whether it is new. */
  take(room, id) {
    if (!this.#rooms.has(room)) this.set(room, id - 1);
    const seen = this.#rooms.get(room);
    seen.settled ??= Math.min(id - 1, seen.last);
    if (id <= seen.settled || seen.beyond.has(id)) return false;
    seen.beyond.add(id);
    while (seen.beyond.delete(seen.settled + 1)) seen.settled += 1;
    return true;
  }

  /** Give up what is missing up to an id. */
  settle(room, id) {
    const seen = this.#rooms.get(room);
    if (!seen) return; // left meanwhile
    seen.settled = Math.max(this.settled(room), id);
    for (const each of seen.beyond) if (each <= seen.settled) seen.beyond.delete(each);
    while (seen.beyond.delete(seen.settled + 1)) seen.settled += 1;
  }

  settled(room) { return this.#rooms.get(room)?.settled ?? this.#rooms.get(room)?.last ?? 0; }

  /** Return the last id of the first hole; 0 if there is none. */
  hole(room) { const { beyond } = this.#rooms.get(room) ?? {}; return beyond?.size ? Math.min(...beyond) - 1 : 0; }

  forget(room) { this.#rooms.delete(room); }
  after() { return Object.fromEntries([...this.#rooms.keys()].map((room) => [room, this.settled(room)])); }
}
