/** What a person has before them: rooms, who is there, what was said, what is unread. */
import { folded, mentions } from "./text.js";
import { departure, refusal } from "./words.js";

const MOST = 500; // items of a room that are held; others are fetched when they are looked at
const KEEP = 400; // those that are left when some are let go
const ERA = 1e12; // moves what another record had before all that the new one has
const today = () => ({ ts: Date.now() / 1000, day: new Date().toDateString() });

/** A room, or the direct messages with one person, whose name has an `@` before it. */
class Room {
  items = []; // what was said and remarked, in order
  pending = []; // what the server has not acknowledged
  members = new Map(); // name -> whether it is an account
  live = true; // the last item is the newest there is
  begun = false; // the first item is the oldest there is
  mark = null; // the first item that the person had not seen when they came
  unread = 0;
  mentions = 0;
  topic = "";
  total = 0;
  draft = "";

  constructor(name, read) { Object.assign(this, { name, read, direct: name.startsWith("@") }); }

  get title() { return this.direct ? this.name.slice(1) : `#${this.name}`; }
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
    if (older) this.items.splice(0, this.items.length - KEEP);
    else this.items.splice(KEEP);
    this[older ? "begun" : "live"] = false;
  }
}

export class Chat {
  rooms = new Map();
  current = null;
  me = "";
  ignored = new Set();
  looking = true; // the person sees the newest of the current room
  #on;
  #unread = false; // what is replayed on coming in was never read

  /** `on` has what is called when there is something to show or tell. */
  constructor(on) { this.#on = on; }

  get list() { return [...this.rooms.values()]; }
  get calls() { return this.list.reduce((sum, each) => sum + (each.direct ? each.unread : each.mentions), 0); }

  room(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, new Room(name, this.client.kept.read[name] ?? 0));
    return this.rooms.get(name);
  }

  direct(name) {
    return this.list.find((each) => each.direct && folded(each.title) === folded(name)) ?? this.room(`@${name}`);
  }

  /** Who one writes with in a direct message. */
  other({ from, to }) { return from === this.me ? to : from; }
  hides(name) { return this.ignored.has(folded(name ?? "")); }

  turnTo(room) {
    if (this.current && room !== this.current) this.current.mark = null;
    [this.current, this.looking] = [room, true];
    if (room && !room.direct) this.client.ask({ type: "WHO", room: room.name }).catch(() => {});
    this.look();
  }

  drop(room) {
    this.rooms.delete(room.name);
    if (room === this.current) this.turnTo(this.list[0] ?? null);
  }

  /** Note what the person sees now. */
  look() {
    const room = this.current;
    this.#on.change();
    if (!room || !this.looking || document.hidden) return;
    room.unread = room.mentions = 0;
    const newest = room.direct ? room.last : this.client.settled(room.name);
    if (newest <= room.read) return;
    room.read = newest;
    this.client.read(room.direct ? "@" : room.name, newest, room.name);
  }

  /** Add what was said to a room. */
  keep(room, frame) {
    const own = frame.from === this.me;
    const item = { ...frame, own, order: room.direct ? frame.ts * 1000 : frame.id, day: new Date(frame.ts * 1000).toDateString() };
    room.put(item);
    return item;
  }

  /** Tell the person something in a room. Who comes and goes is told in one line. */
  remark(text, room = this.current, presence = false) {
    const last = room?.items.at(-1);
    this.#on.change();
        if (!presence) this.#on.say(text);
    if (!room?.live) return;
    const joined = presence && last?.presence && last.text.length < 200;
    const order = room.direct ? Date.now() : (last?.order ?? 0) + 1e-6;
    if (joined) Object.assign(last, { text: `${last.text} · ${text}`, stale: true });
    else room.put({ type: "REMARK", text, presence, order, ...today() });
    room.trim(true);
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
    this.#on.welcome();
  }

  lost(reason, at) { this.#on.lost(reason, at); }
  away(text) { this.#on.away(text); }
  REG_NAME(greeting) { this.#on.greeted(greeting); }
  gap(name) { this.remark("Some of what was said meanwhile is no longer kept.", this.room(name)); }

  pending(entry) {
    const { message } = entry;
    const room = message.to ? this.direct(message.to) : this.room(message.room);
    room.mark = null;
    if (room.pending.some((each) => each.entry === entry)) return;
    room.pending.push({ ...message, entry, from: this.me, own: true, ...today() });
    this.#on.change();
  }

  failed(entry) {
    for (const room of this.list) for (const each of room.pending) each.stale ||= each.entry === entry;
    this.#on.change();
  }

  settled(entry) {
    for (const room of this.list) room.pending = room.pending.filter((each) => each.entry !== entry);
    this.#on.change();
  }

  /** Show what the person said, once it is stored. A guest's direct message has no id of their own. */
  said(message, { id, ts, room }) {
    const { account } = this.client;
    this.MSG({ ...message, room, ts, account, from: this.me, id: message.to && !account ? 0 : id });
  }

  // What the server tells

  MSG(frame) {
    const room = frame.to ? this.direct(this.other(frame)) : this.room(frame.room);
    this.#on.change();
    if (this.hides(frame.from)) return;
    const item = room.live ? this.keep(room, frame) : frame;
    room.trim(room !== this.current || this.looking);
    if (frame.from !== this.me && frame.id > room.read) {
      item.calls = room.direct || mentions(frame.text, this.me);
      if (!room.unread) room.mark = item;
      room.unread += 1;
      room.mentions += item.calls;
      this.#on.heard(room, item);
    }
    if (room === this.current) this.look();
  }

  DM(frame) { this.MSG(frame); }
  DELETE(frame) { this.EDIT({ ...frame, text: "", deleted: true }); }

  EDIT({ room, of, text, deleted = false }) {
    const item = this.rooms.get(room)?.items.find((each) => each.id === of);
    if (item) Object.assign(item, { text, deleted, edited: !deleted, stale: true });
    this.look();
  }

  JOINED({ room: name, name: who, members = 1, topic = "", last, account = false }) {
    const known = this.rooms.has(name) || name in this.client.kept.read || this.#unread;
    const room = this.room(name);
    if (last === undefined) {
      room.total += !room.members.has(who);
      room.members.set(who, account);
      return this.remark(`${who} joined`, room, true);
    }
    if (!known) room.read = last; // what was said before one came is no news
    Object.assign(room, { topic, total: members, begun: false });
    if (!this.current || room === this.current) this.turnTo(room);
  }

  LEFT({ room: name, name: who, reason, by, text }) {
    const room = this.rooms.get(name);
    const why = [departure(reason), by && `by ${by}`, text && `“${text}”`].filter(Boolean).join(" ");
    if (!room) return;
    if (who === this.me) {
      this.drop(room);
      return by && this.remark(`You are no longer in #${name}: put out ${why}`);
    }
    room.total -= room.members.delete(who);
    this.remark(`${who} left${why && ` (${why})`}`, room, true);
  }

  NAME({ old, name }) {
    if (old === this.me) this.me = name;
    const direct = this.rooms.get(`@${old}`);
    if (direct && this.rooms.delete(direct.name)) this.rooms.set(`@${name}`, Object.assign(direct, { name: `@${name}` }));
    for (const room of this.list.filter((each) => each.members.has(old))) {
      room.members = new Map([...room.members].map(([each, account]) => [each === old ? name : each, account]));
      this.remark(`${old} is now ${name}`, room, true);
    }
  }

  TOPIC({ room, topic, by }) {
    this.room(room).topic = topic;
    this.remark(topic ? `${by ?? "The"} topic: ${topic}` : `${by ?? "Nobody"} set no topic`, this.room(room));
  }

  USERS({ room, names, total, accounts = [] }) {
    const proved = new Set(accounts);
    Object.assign(this.room(room), { total, members: new Map(names.map((each, place) => [each, proved.has(place)])) });
    this.#on.change();
  }

  IGNORED({ names }) {
    this.ignored = new Set(names.map(folded));
    for (const room of this.list) room.items = room.items.filter((each) => !this.hides(each.from));
    this.remark(names.length ? `You ignore: ${names.join(", ")}` : "You ignore nobody.");
  }

  INVITED({ room, name, by }) {
    this.remark(name === this.me ? `${by} invites you: /join ${room}` : `${name} may come into #${room} now.`);
  }

  MUTED({ room, name, by, seconds }) {
    this.remark(seconds === 0 ? `${name} may speak again.` : `${by} lets ${name} only read for now.`, this.rooms.get(room));
  }

  NOTICE({ text }) { this.remark(text); }
  ERROR(error) { this.remark(refusal(error)); }
}
