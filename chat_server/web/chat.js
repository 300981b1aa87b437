/** What a person has before them: rooms, who is there, what was said, what is unread. */
import { folded, mentions } from "./text.js";
import { departure, refusal } from "./words.js";

const MOST = 500; // items of a room that are held; others are fetched when they are looked at
const ERA = 1e12; // moves what another record had before all that the new one has
const stamp = (ms = Date.now()) => ({ ts: ms / 1000, day: new Date(ms).toDateString() });

/** A room, or the direct messages with one person, whose name has an `@` before it. */
class Room {
  items = []; // what was said and remarked, in order
  members = new Map(); // name -> whether it is an account
  live = true; // the last item is the newest there is
  begun = false; // the first item is the oldest there is
  mark = null; // the first item that the person had not seen when they came
  unread = 0; mentions = 0; total = 0; topic = "";

  constructor(name) { Object.assign(this, { name, direct: name.startsWith("@") }); }

  get title() { return this.direct ? this.name.slice(1) : `#${this.name}`; }
  get key() { return this.direct ? this.name : this.title; }
  get first() { return this.items.find((each) => each.id > 0)?.id; }
  get last() { return this.items.findLast((each) => each.id > 0)?.id ?? 0; }

  /** Whether what one says to a room, or to one person, belongs here. */
  holds({ room, to }) { return to ? this.direct && folded(to) === folded(this.title) : room === this.name; }

  /** Put an item in its place, once. */
  put(item) {
    let at = this.items.length;
    while (at && this.items[at - 1].order > item.order) at -= 1;
    const before = this.items[at - 1];
    if (!item.id || before?.order !== item.order || before.id !== item.id) this.items.splice(at, 0, item);
  }

  /** Let go of what is too much, on the side that the person does not look at. */
  trim(older) {
    if (this.items.length <= MOST) return;
    this.items.splice(...(older ? [0, this.items.length - MOST] : [MOST]));
    this[older ? "begun" : "live"] = false;
  }
}

export class Chat {
  rooms = new Map();
  current = null;
  looking = true; // the person sees the newest of the current room
  #ignored = new Set();
  #unread = false; // what is replayed on coming in was never read

  /** `on` has what is called when there is something to show or tell. */
  constructor(on) { this.on = on; }

  get me() { return this.client.kept.name; }
  get list() { return [...this.rooms.values()]; }
  /** The latest message of the person's own in the current room. */
  get own() { return this.current?.items.findLast((each) => each.own && each.id && each.room && !each.deleted); }
  get calls() { return this.list.reduce((sum, each) => sum + (each.direct ? each.unread : each.mentions), 0); }

  room(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, new Room(name));
    return this.rooms.get(name);
  }

  direct(name) { return this.list.find((each) => each.holds({ to: name })) ?? this.room(`@${name}`); }

  /** The room that a message belongs to. */
  place({ room, from, to, own }) { return to ? this.direct(own || from === this.me ? to : from) : this.room(room); }
  /** What the server has not acknowledged of a room. */
  waiting(room) { return this.client.kept.pending.filter((each) => room.holds(each)); }
  /** The id up to which the person has read a room. */
  read(room) { return this.client.kept.read[room.key] ?? 0; }
  hides(name) { return this.#ignored.has(folded(name ?? "")); }

  turnTo(room) {
    if (this.current && room !== this.current) this.current.mark = null;
    [this.current, this.looking] = [room, true];
    if (room && !room.direct && this.client.open) this.client.ask({ type: "WHO", room: room.name }).catch(() => {});
    this.look();
  }

  clear() { this.rooms.clear(); this.turnTo(null); }
  drop(room) { this.rooms.delete(room.name); if (room === this.current) this.turnTo(this.list[0] ?? null); }

  /** Whether the person has the newest of a room before them. */
  sees(room) { return room === this.current && this.looking && !document.hidden; }

  /** Note what the person sees now. */
  look() {
    const room = this.current;
    this.on.change();
    if (!room || !this.sees(room)) return;
    const newest = room.direct ? room.last : this.client.settled(room.name);
    if (newest > this.read(room)) this.client.read(room.direct ? "@" : room.name, newest, room.key);
    Object.assign(room, { unread: 0, mentions: 0 });
  }

  /** Add what was said to its room. */
  keep(frame) {
    const room = this.place(frame);
    const order = room.direct ? frame.ts * 1000 : frame.id;
    const item = { ...frame, ...stamp(frame.ts * 1000), order, own: frame.from === this.me };
    room.put(item);
    return item;
  }

  /** Tell the person something in a room. Who comes and goes is told in one line. */
  remark(text, room = this.current, presence = false) {
    const last = room?.items.at(-1);
    const joins = presence && last?.presence && last.text.length < 200;
    const order = room?.direct ? Date.now() : (last?.order ?? 0) + 1e-6;
    if (!presence) this.on.say(text);
    if (joins) Object.assign(last, { text: `${last.text} · ${text}`, stale: true });
    else if (room?.live) room.put({ text, presence, order, ...stamp() });
    room?.trim(true);
    this.on.change();
  }

  // What the client tells

  welcome({ renewed, unread }) {
    this.#unread = unread;
    for (const room of renewed ? this.list : []) {
      for (const item of room.items) Object.assign(item, { id: 0, order: item.order - ERA });
      Object.assign(room, { live: true, begun: true });
      this.remark("The server began a new record; it keeps no more what stands above.", room);
    }
    for (const entry of this.client.kept.pending) this.place(entry);
    this.on.welcome();
  }

  gap(name) { this.remark("Some of what was said meanwhile is no longer kept.", this.room(name)); }

  /** Make an item of what the person says. */
  written(message) {
    return { ...message, ...stamp(), from: this.me, account: this.client.account, own: true, waits: true };
  }

  /** Show what waits for the server. */
  pending(entry) {
    const room = this.place(entry);
    room.mark = null;
    this.on.change();
    this.on.spoke(room);
  }

  // What the server tells

  REG_NAME(greeting) { this.on.greeted(greeting); }
  DM(frame) { this.MSG(frame); }

  MSG(frame) {
    const room = this.place(frame);
    if (this.hides(frame.from)) return this.look();
    const item = room.live ? this.keep(frame) : frame;
    room.trim(room !== this.current || this.looking);
    if (frame.from !== this.me && frame.id > this.read(room)) {
      item.calls = room.direct || mentions(frame.text, this.me);
      if (!room.unread && !this.sees(room)) room.mark = item;
      room.unread += 1;
      room.mentions += item.calls;
      this.on.heard(room, item);
    }
    this.look();
  }

  DELETE(frame) { this.EDIT({ ...frame, text: "", deleted: true }); }

  EDIT({ room, of, text, deleted = false }) {
    const item = this.rooms.get(room)?.items.find((each) => each.id === of);
    if (item) Object.assign(item, { text, deleted, edited: !deleted, stale: true });
    this.look();
  }

  JOINED({ room: name, name: who, members = 1, topic = "", last, account = false }) {
    const known = this.rooms.has(name) || `#${name}` in this.client.kept.read || this.#unread;
    const room = this.room(name);
    if (last === undefined) {
      room.total += !room.members.has(who);
      room.members.set(who, account);
      return this.remark(`${who} joined`, room, true);
    }
    if (!known) this.client.kept.read[room.key] = last; // what was said before one came is no news
    Object.assign(room, { topic, total: members, begun: false });
    if (!this.current || room === this.current) this.turnTo(room);
  }

  LEFT({ room: name, name: who, reason, by, text }) {
    const room = this.rooms.get(name);
    const why = [departure(reason), by && `by ${by}`, text && `“${text}”`].filter(Boolean).join(" ");
    if (room && who === this.me) {
      this.drop(room);
      if (by) this.remark(`You are no longer in #${name}: put out ${why}`);
    } else if (room) {
      room.total -= room.members.delete(who);
      this.remark(`${who} left${why && ` (${why})`}`, room, true);
    }
  }

  NAME({ old, name }) {
    const direct = this.rooms.get(`@${old}`);
    if (direct && this.rooms.delete(direct.name)) this.rooms.set(`@${name}`, Object.assign(direct, { name: `@${name}` }));
    for (const room of this.list.filter((each) => each.members.has(old))) {
      room.members = new Map([...room.members].map(([each, account]) => [each === old ? name : each, account]));
      this.remark(`${old} is now ${name}`, room, true);
    }
  }

  TOPIC({ room, topic, by }) {
    this.room(room).topic = topic;
    this.remark(topic ? `Topic${by ? ` by ${by}` : ""}: ${topic}` : "No topic is set.", this.room(room));
  }

  USERS({ room, names, total, accounts = [] }) {
    const members = new Map(names.map((each, at) => [each, accounts.includes(at)]));
    Object.assign(this.room(room), { total, members });
    this.on.change();
  }

  IGNORED({ names }) {
    this.#ignored = new Set(names.map(folded));
    for (const room of this.list) room.items = room.items.filter((each) => !this.hides(each.from));
    this.remark(names.length ? `You ignore ${names.join(", ")}.` : "You ignore nobody.");
  }

  INVITED({ room, name, by }) { this.remark(`${by} invites ${name} to #${room}: /join ${room}`); }
  NOTICE({ text }) { this.remark(text); }
  ERROR(error) { this.remark(refusal(error)); }
}
