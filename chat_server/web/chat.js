/** What a person has before them: rooms, who is there, what was said, what is unread. */
import { folded, mentions } from "./text.js";
import { departure, refusal } from "./words.js";

const MOST = 500; // items of a room that are held; others are fetched when they are looked at
const KEEP = 400; // those that are left when some are let go
const ERA = 1e12; // moves what another record had before all that the new one has
const stamp = (ms = Date.now()) => ({ ts: ms / 1000, day: new Date(ms).toDateString() });

/** A room, or the direct messages with one person, whose name has an `@` before it. */
class Room {
  items = []; // what was said and remarked, in order
  pending = []; // what the server has not acknowledged
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
    this.items.splice(...(older ? [0, this.items.length - KEEP] : [KEEP]));
    this[older ? "begun" : "live"] = false;
  }
}

export class Chat {
  rooms = new Map();
  current = null; me = "";
  looking = true; // the person sees the newest of the current room
  #ignored = new Set();
  #unread = false; // what is replayed on coming in was never read

  /** `on` has what is called when there is something to show or tell. */
  constructor(on) { this.on = on; }

  get list() { return [...this.rooms.values()]; }
  /** The latest message of the person's own in the current room. */
  get own() { return this.current?.items.findLast((each) => each.own && each.id && each.room && !each.deleted); }
  get calls() { return this.list.reduce((sum, each) => sum + (each.direct ? each.unread : each.mentions), 0); }

  room(name) {
    const room = this.rooms.get(name) ?? new Room(name);
    room.read ??= this.client.kept.read[room.key] ?? 0;
    this.rooms.set(name, room);
    return room;
  }

  direct(name) {
    return this.list.find((each) => each.direct && folded(each.title) === folded(name)) ?? this.room(`@${name}`);
  }

  /** The room that a message belongs to. */
  place({ room, from, to }) { return to ? this.direct(from === this.me ? to : from) : this.room(room); }
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
    if (newest > room.read) this.client.read(room.direct ? "@" : room.name, newest, room.key);
    Object.assign(room, { unread: 0, mentions: 0, read: Math.max(newest, room.read) });
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

  welcome({ name, renewed, unread }) {
    [this.me, this.#unread] = [name, unread];
    for (const room of renewed ? this.list : []) {
      for (const item of room.items) Object.assign(item, { id: 0, order: item.order - ERA });
      Object.assign(room, { read: 0, live: true, begun: true });
      this.remark("The server began a new record; it keeps no more what stands above.", room);
    }
    for (const entry of this.client.kept.pending) this.pending(entry);
    this.on.welcome();
  }

  gap(name) { this.remark("Some of what was said meanwhile is no longer kept.", this.room(name)); }

  pending(entry) {
    const room = this.place({ ...entry.message, from: this.me });
    room.mark = null;
    if (room.pending.some((each) => each.entry === entry)) return;
    room.pending.push({ ...entry.message, entry, from: this.me, own: true, ...stamp() });
    this.on.change();
    this.on.spoke(room);
  }

  settled(entry) {
    for (const room of this.list) room.pending = room.pending.filter((each) => each.entry !== entry);
    this.on.change();
  }

  /** Show what the person said, once it is stored. A guest's direct message has no id of their own. */
  said(message, { id, ts, room }) {
    const { account } = this.client;
    if (message.to && folded(message.to) === folded(this.me)) return; // it comes from the server
    this.MSG({ ...message, room, ts, account, from: this.me, id: message.to && !account ? 0 : id });
  }

  // What the server tells

  REG_NAME(greeting) { this.on.greeted(greeting); }
  DM(frame) { this.MSG(frame); }

  MSG(frame) {
    const room = this.place(frame);
    if (this.hides(frame.from)) return this.look();
    const item = room.live ? this.keep(frame) : frame;
    room.trim(room !== this.current || this.looking);
    if (frame.from !== this.me && frame.id > room.read) {
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
    if (!known) this.client.kept.read[room.key] = room.read = last; // what was said before one came is no news
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
    if (old === this.me) this.me = name;
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
