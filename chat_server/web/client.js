/**
 * The client's side of the protocol (docs/protocol.md): what is said is kept until it is acknowledged, and said
 * again after a loss with the same ref; each id is told once; holes are filled from the history.
 * A frame goes to the method of its type here, and then to the chat's unless that returned false.
 */
import { Pace } from "./pace.js";
import { Positions } from "./positions.js";
import { folded } from "./text.js";
import { Wire } from "./wire.js";
import { farewell, refusal } from "./words.js";

const DIRECT = "@"; // the room of direct messages
const PAGE = 200; // messages that a page of history has at most
const CONTEXT = 80; // messages of each room that are shown again when the page is loaded anew
const PENDING = 200; // messages that may wait
const AGAIN_SECONDS = 2; // when to try again what the server could not take
const PASSING = new Set(["unavailable", "rate_limited"]); // what is worth trying again
const FOR_GOOD = new Set("exit kicked banned address_banned session_replaced name_reserved logged_out".split(" "));
const BLANK = JSON.stringify({ name: "", session: null, epoch: null, rooms: [], after: {}, read: {}, pending: [] });
/** What is sent of what is shown. */
const plain = ({ type, room, to, text, action, ref }) => ({ type, room, to, text, action, ref });

export class Client {
  open = false; account = false;
  greeting = null; // the server's REG_NAME
  #chat; #wire; #proof; #bye; #hint; #saving; #draining;
  #pace = new Pace(); #positions = new Positions();
  #queue = []; // what may not be sent yet
  #asked = new Map(); // ref -> who waits for the answer
  #healing = new Set(); // rooms with a hole that is being filled
  #prefix = crypto.getRandomValues(new Uint32Array(2)).join("-");
  #count = 0;

  constructor(url, chat) {
    this.#chat = chat;
    this.#wire = new Wire(url, (frames) => frames.forEach((each) => this.#take(each)), () => this.#lost());
    this.kept = { ...JSON.parse(BLANK), ...JSON.parse(sessionStorage.getItem("session")) };
    for (const [room, id] of Object.entries(this.kept.after)) this.#positions.set(room, Math.max(0, id - CONTEXT));
    addEventListener("pagehide", () => this.save());
    addEventListener("online", () => this.retry());
  }

  /** Connect. With a proof (what REG_NAME takes beside the name) come in, without only see who is let in. */
  enter(name = this.kept.name, proof = null) {
    if (this.kept.session && name !== this.kept.name) this.#reset();
    this.kept.name = name;
    [this.#proof, this.#bye] = [proof, null];
    this.#wire.connect();
  }

  /** Wait no longer for the next try. */
  retry() { if (!this.open && this.#proof && !FOR_GOOD.has(this.#bye?.reason)) this.#wire.connect(); }

  leave() { if (this.open) this.send({ type: "EXIT" }); else this.#turnedAway("You have left the chat.", this.#reset()); }

  /** Forget the session, and with it what was seen and what waits. */
  #reset() {
    this.kept = { ...JSON.parse(BLANK), name: this.kept.name };
    this.#positions = new Positions();
    this.#chat.clear();
    this.save();
  }

  /** Say something in a room or to one person. It is kept until it is acknowledged. */
  say(item) {
    const entry = this.#chat.written({ ...plain(item), ref: this.#ref(plain(item)) });
    if (this.kept.pending.length >= PENDING) throw new Error("Too many messages wait for the server already.");
    this.kept.pending.push(entry);
    this.save();
    this.#chat.pending(entry);
    this.send(plain(entry));
  }

  drop(entry) {
    this.kept.pending = this.kept.pending.filter((each) => each !== entry);
    this.save();
    this.#chat.on.change();
  }

  /** Send what the server answers; return the answer. An `Error` is for the person. */
  ask(message) {
    const ref = this.#ref(message);
    if (!this.open) throw new Error("Not connected at the moment; try again when the connection is back.");
    const answer = new Promise((resolve, reject) => this.#asked.set(ref, { resolve, reject }));
    this.send({ ...message, ref });
    return answer;
  }

  /** Send what needs no answer, when it is its turn. */
  send(message) { if (!this.open) return; this.#queue.push(message); this.#drain(); }

  /** Note that a room, or the direct messages, were read up to an id; `key` keeps it in this tab. */
  read(room, id, key) {
    this.kept.read[key] = id;
    if (this.account) this.send({ type: "READ", room, id });
  }

  /** Keep in this tab all that is needed to come back, also after the page is loaded anew. */
  save() {
    this.#saving = clearTimeout(this.#saving);
    this.kept.after = this.#positions.after();
    try {
      sessionStorage.setItem("session", JSON.stringify(this.kept));
    } catch { this.#chat.remark("The browser keeps no more: what waits to be sent would not outlive a reload."); }
  }

  settled(room) { return this.#positions.settled(room); }
  #entry(ref) { return ref && this.kept.pending.find((each) => each.ref === ref); }

  /** Return a ref for a message, if that is not longer than the server takes. */
  #ref(message) {
    const ref = `${this.#prefix}-${(this.#count += 1)}`;
    const over = new TextEncoder().encode(JSON.stringify({ ...message, ref })).length + 1 - this.greeting?.limits.line_bytes;
    if (over > 0) throw new Error(`Too long by ${over} bytes; say it in several messages.`);
    return ref;
  }

  #drain() {
    clearTimeout(this.#draining);
    for (let message; (message = this.#queue[0]); this.#queue.shift()) {
      const wait = this.#pace.wait(message, performance.now() / 1000);
      if (wait) return void (this.#draining = setTimeout(() => this.#drain(), wait * 1000));
      const entry = this.#entry(message.ref);
      if (entry) entry.sent = true;
      if (entry) this.save(); // before it leaves, or it would be unknown whether it did
      this.#wire.send(message);
    }
  }

  #take(frame) {
    if (!/^[A-Z_]+$/.test(frame.type)) return; // what is no type must call nothing else
    this.#saving ??= setTimeout(() => this.save(), 1000);
    if (this[frame.type]?.(frame) !== false) this.#chat[frame.type]?.(frame);
    const asked = this.#asked.get(frame.ref);
    this.#asked.delete(frame.ref);
    if (frame.type === "ERROR") asked?.reject(Object.assign(new Error(refusal(frame)), frame));
    else asked?.resolve(frame);
  }

  #lost() {
    const [bye, hint] = [this.#bye, this.#down()];
    if (FOR_GOOD.has(bye?.reason) && bye.reason !== "session_replaced") this.#reset();
    if (FOR_GOOD.has(bye?.reason)) this.#chat.on.away(farewell(bye));
    else this.#chat.on.lost(bye ? farewell(bye) : "The connection is lost.", this.#wire.retry(hint));
  }

  /** Give up what waits for this connection; return for how long the server asked to be left alone. */
  #down() {
    const [asked, hint] = [this.#asked, this.#hint];
    [this.open, this.#hint, this.#queue, this.#asked] = [false, undefined, [], new Map()];
    for (const { reject } of asked.values()) reject(new Error("The connection was lost; try again."));
    return hint;
  }

  #turnedAway(text) {
    this.#down();
    this.#wire.close();
    this.#chat.on.away(text);
    return false;
  }

  // What the server says

  REG_NAME(greeting) {
    [this.greeting, this.#bye] = [greeting, null];
    this.#pace.limit = greeting.limits.pace;
    if (greeting.protocol !== 1) return this.#turnedAway("This page and the server do not fit; load the page again.");
    if (!this.#proof) return this.#wire.close();
    const { name, session, epoch, rooms } = this.kept;
    const back = session ? { session, epoch, rooms, after: this.#positions.after() } : {};
    this.#wire.send({ type: "REG_NAME", name, ...this.#proof, ...back });
  }

  WELCOME({ name, session, epoch, rooms, resumed = false, account = false }) {
    const { kept } = this;
    const { register, invitation, ...proof } = this.#proof; // an account is made once
    const again = Boolean(kept.session);
    const renewed = again && kept.epoch !== epoch;
    if (renewed) [this.#positions, kept.read] = [new Positions(), {}];
    if (!resumed && !account) this.#positions.set(DIRECT, 0);
    Object.assign(kept, { name, session, epoch });
    [this.account, this.open, this.#proof] = [account, true, proof];
    this.#chat.welcome({ renewed, unread: account && !again && !register });
    const gone = kept.rooms.filter((each) => !rooms.includes(each));
    for (const room of gone) this.#take({ type: "LEFT", room, name, by: "the server" });
    for (const entry of [...kept.pending]) {
      if (entry.sent && !resumed && !renewed) this.#fail(entry, "It may have arrived, or not: the session was over.");
      else if (!entry.failed) this.send(plain(entry));
    }
    this.save();
  }

  JOINED({ room, last, first }) {
    if (last === undefined) return;
    if (!this.kept.rooms.includes(room)) this.kept.rooms.push(room);
    if (this.settled(room) && first > this.settled(room) + 1) this.#chat.gap(room);
    this.#positions.enter(room, last, first);
  }

  LEFT({ room, name }) {
    if (name !== this.kept.name) return;
    this.kept.rooms = this.kept.rooms.filter((each) => each !== room);
    delete this.kept.read[`#${room}`];
    this.#positions.forget(room);
  }

  NAME({ old, name }) { if (old === this.kept.name) this.kept.name = name; }
  EDIT(frame) { return this.MSG(frame); }
  DELETE(frame) { return this.MSG(frame); }
  DM({ id }) { return this.MSG({ room: DIRECT, id }); }

  MSG({ room, id }) {
    const news = this.#positions.take(room, id);
    this.#heal(room);
    return news;
  }

  ACK(ack) {
    const entry = this.#entry(ack.ref);
    const copied = this.account || folded(entry?.to ?? "") === folded(this.kept.name);
    const room = ack.room ?? (copied ? DIRECT : null); // a guest's DM to somebody else has an id of theirs
    const news = room === null || this.#positions.take(room, ack.id);
    if (entry) this.drop(entry);
    if (entry && news) this.#chat.MSG({ ...entry, ...ack, from: this.kept.name, id: room ? ack.id : 0, waits: false });
    if (room) this.#heal(room);
  }

  ERROR(error) {
    const entry = this.#entry(error.ref);
    const passing = PASSING.has(error.code);
    if (!this.open) {
      if (!this.kept.session || !passing) return this.#turnedAway(refusal(error));
      this.#hint = error.retry_after;
      this.#wire.close();
      this.#lost();
    } else if (entry && passing) setTimeout(() => this.send(plain(entry)), (error.retry_after ?? AGAIN_SECONDS) * 1000);
    else if (entry) this.#fail(entry, refusal(error));
    return this.open && !entry && !this.#asked.has(error.ref);
  }

  PING({ ref }) { this.#wire.send({ type: "PONG", ref }); }
  NOTICE({ reconnect_after }) { this.#hint = reconnect_after ?? this.#hint; }
  BYE(bye) { [this.#bye, this.#hint] = [bye, bye.retry_after ?? this.#hint]; }

  #fail(entry, failed) {
    Object.assign(entry, { failed, waits: false, sent: false, stale: true });
    this.save();
    this.#chat.on.change();
  }

  /** Fetch what is missing before an id that came, unless an acknowledgement may still bring it. */
  async #heal(room) {
    const waits = (entry) => entry.sent && (entry.room ?? DIRECT) === room;
    if (!this.#positions.hole(room) || this.#healing.has(room) || this.kept.pending.some(waits)) return;
    this.#healing.add(room);
    try {
      const page = await this.ask({ type: "HISTORY", room, after: this.settled(room), limit: PAGE });
      for (const each of page.messages) this.#take(each);
      this.#positions.settle(room, page.more ? page.messages.at(-1).id : this.#positions.hole(room));
    } catch { if (this.open) this.#positions.settle(room, this.#positions.hole(room)); }
    this.#healing.delete(room);
    if (this.open) this.#heal(room);
  }
}
