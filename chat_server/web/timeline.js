/** What was said in the room before the person: drawn once a frame, fetched when they scroll to it. */
import { button, byId, element, place, tinted } from "./dom.js";
import { hue, initial, pieces } from "./text.js";

const NEAR = 80; // pixels from an end within which one counts as being there
const PAGE = 100; // messages that are fetched at once
const FRESH = 50; // rows that are made in one frame, so that none takes long
const GROUP_SECONDS = 300; // what somebody says within this stands under one head
const LONG = { characters: 2000, lines: 25 }; // texts above this are folded
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const CLOCK = format({ timeStyle: "short" });
const EXACT = format({ dateStyle: "full", timeStyle: "medium" });
const DAY = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const line = (text, kind = "") => element("div", { class: `line ${kind}`, role: "separator" }, element("span", {}, text));

export class Timeline {
  #desk;
  #log = byId("log"); // what scrolls
  #list = byId("rows");
  #actions = byId("actions");
  #rows = new WeakMap(); // item -> its row
  #items = new WeakMap(); // row -> its item
  #days = new Map(); // day -> the line above it
  #new = line("New", "new");
  #room = null;
  #busy = false;

  constructor(desk) {
    this.#desk = desk;
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#log.addEventListener("keydown", (event) => this.#walk(event));
    for (const type of ["pointerover", "focusin"]) this.#log.addEventListener(type, ({ target }) => this.#offer(target));
    byId("latest").addEventListener("click", () => this.toLatest());
    new ResizeObserver(() => desk.chat.looking && this.#toEnd()).observe(this.#log);
  }

  /** The latest message of the person's own here. */
  get own() { return this.#room?.items.findLast((each) => each.own && each.id && each.room && !each.deleted); }

  draw() {
    const { chat } = this.#desk;
    const room = chat.current;
    const turned = room !== this.#room;
    const stays = !turned && !chat.looking && [...this.#list.children].find((each) => each.offsetTop > this.#log.scrollTop);
    const top = stays && stays.offsetTop;
    this.#room = room;
    place(this.#list, room ? this.#wanted(room) : []);
    if (chat.looking) this.#toEnd();
    else if (stays?.isConnected) this.#log.scrollTop += stays.offsetTop - top;
    byId("latest").hidden = !room || (room.live && chat.looking);
    byId("latest").lastChild.textContent = room?.unread ? `${room.unread} new` : "Latest";
    if (this.#log.scrollTop < NEAR) this.#older();
  }

  /** Show the newest, and from then on what comes. */
  async toLatest() {
    const { chat } = this.#desk;
    if (!this.#room.live) await this.#fetch({}, (messages) => this.#anew(messages, true));
    chat.looking = true;
    chat.look();
  }

  /** Show a message and what was said around it. */
  async show(room, id) {
    const found = () => room.items.find((each) => each.id === id);
    this.#desk.chat.turnTo(room);
    this.draw();
    if (!found()) await this.#fetch({ before: id + PAGE / 2 }, (messages) => this.#anew(messages, false));
    this.#desk.chat.looking = false;
    this.draw();
    this.#rows.get(found())?.scrollIntoView({ block: "center" });
    this.#rows.get(found())?.focus();
  }

  // Rows

  #wanted(room) {
    const [wanted, all] = [[], [...room.items, ...(room.live ? room.pending : [])]];
    let [fresh, before] = [0, {}];
    const later = all.findLastIndex((item) => !this.#rows.has(item) && (fresh += 1) > FRESH);
    if (later >= 0) this.#desk.drawSoon();
    for (const item of all.filter((each, at) => at > later || this.#rows.has(each))) {
      if (item.day !== before.day) wanted.push(this.#day(item));
      if (item === room.mark) wanted.push(this.#new);
      const joins = wanted.at(-1) === this.#rows.get(before) && item.from === before.from && !item.action && !before.action;
      wanted.push(this.#row(item));
      wanted.at(-1).classList.toggle("follows", Boolean(joins && item.from && item.ts - before.ts < GROUP_SECONDS));
      before = item;
    }
    return wanted;
  }

  #day({ day, ts }) {
    if (!this.#days.has(day)) this.#days.set(day, line(DAY.format(ts * 1000)));
    return this.#days.get(day);
  }

  #row(item) {
    if (!this.#rows.has(item) || item.stale) {
      const row = item.from ? this.#message(item) : element("div", { class: "remark" }, element("bdi", {}, item.text));
      this.#rows.set(item, row);
      this.#items.set(row, item);
      item.stale = false;
    }
    return this.#rows.get(item);
  }

  #message(item) {
    const { from, ts, entry, id } = item;
    const time = CLOCK.format(ts * 1000);
    const guest = this.#desk.client.greeting?.access === "accounts" && !item.account && !entry;
    const kinds = { ...item, waits: entry && !entry.failed, failed: entry?.failed };
    const kind = ["own", "calls", "action", "waits", "failed"].filter((each) => kinds[each]).join(" ");
    const name = button("", () => this.#desk.turnTo(from), { class: "name", tabindex: "-1" });
    name.append(element("bdi", {}, from));
    const head = element("div", { class: "head" }, name, element("span", { class: "note" }, guest ? "guest" : item.notice ? "program" : ""),
      element("time", {}, entry ? "" : time));
    const row = element("div", { class: `row ${kind}`, role: "article", tabindex: "-1", "aria-label": `${from}, ${time}`, "data-id": id },
      element("span", { class: "face", "aria-hidden": "true" }, initial(from)), element("div", { class: "body" }, head, ...this.#text(item), this.#fate(entry)));
    return tinted(row, hue(from));
  }

  #text({ text, action, from, deleted, edited }) {
    if (deleted) return [element("div", { class: "text gone" }, "This message was deleted.")];
    const link = ({ text: part, href }) => (href ? element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part);
    const body = element("div", { class: "text", dir: "auto" }, action && element("b", {}, from, " "), ...pieces(text).map(link));
    const more = button("Show all of it", () => (body.classList.remove("long"), more.remove()), { class: "plain" });
    const long = text.length > LONG.characters || text.split("\n", LONG.lines + 1).length > LONG.lines;
    body.classList.toggle("long", long);
    return [body, long && more, edited && element("span", { class: "note" }, "edited")];
  }

  #fate(entry) {
    const { client, attempt } = this.#desk;
    if (!entry?.failed) return entry && element("div", { class: "note" }, "Sending …");
    const again = button("Send again", () => (client.drop(entry), attempt(() => client.say(entry.message))), { class: "plain" });
    return element("div", { class: "note fault" }, `Not sent. ${entry.failed} `, again, button("Discard", () => client.drop(entry), { class: "plain" }));
  }

  /** Put what can be done with a message on the row that the person points at, or came to by keyboard. */
  #offer(target) {
    const { composer, change, attempt, turnTo } = this.#desk;
    const row = target.closest(".row");
    const item = this.#items.get(row);
    if (row === this.#actions.parentElement || !item?.id || item.deleted) return;
    const remove = ({ target: it }) => {
      if (it.textContent === "Delete") it.textContent = "Really delete?";
      else attempt(() => change({ ...item, type: "DELETE" }));
    };
    const own = item.room ? [button("Edit", () => composer.edit(item)), button("Delete", remove)] : [];
    const others = [button("Mention", () => composer.insert(`@${item.from} `)), button("Message", () => turnTo(item.from))];
    this.#actions.replaceChildren(...(item.own ? own : others));
    row.querySelector("time").title = EXACT.format(item.ts * 1000);
    row.append(this.#actions);
  }

  #walk(event) {
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    let next = document.activeElement.closest(".row")?.[step] ?? (event.key === "ArrowUp" ? this.#list.lastElementChild : null);
    while (next && !next.matches(".row")) next = next[step];
    next?.focus();
    event.preventDefault();
  }

  // Scrolling

  #toEnd() { this.#log.scrollTop = this.#log.scrollHeight; }

  #scrolled() {
    const { chat } = this.#desk;
    const below = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight;
    const looking = Boolean(this.#room?.live) && below < NEAR;
    if (looking !== chat.looking) { chat.looking = looking; chat.look(); }
    if (this.#log.scrollTop < NEAR) this.#older();
    else if (below < NEAR) this.#newer();
  }

  #older() {
    const room = this.#room;
    if (!room?.first || room.begun) return;
    this.#fetch({ before: Math.min(room.first, room.oldest ?? room.first) }, (messages, more) => {
      this.#add(messages);
      room.begun = !more;
      if (room.direct) room.oldest = messages[0]?.id; // of all that one wrote and was written
      if (!this.#desk.chat.looking) room.trim(false);
    });
  }

  #newer() {
    const room = this.#room;
    if (!room || room.live) return;
    this.#fetch({ after: room.last }, (messages, more) => {
      this.#add(messages);
      room.live = !more && room.last >= this.#desk.client.settled(room.name);
      room.trim(true);
    });
  }

  #anew(messages, live) {
    Object.assign(this.#room, { items: [], live, begun: false, mark: null });
    this.#add(messages);
  }

  #add(messages) {
    const { chat } = this.#desk;
    for (const each of messages) if (!each.of && !chat.hides(each.from)) chat.keep(each);
  }

  async #fetch(which, then) {
    const [room, { client, chat }] = [this.#room, this.#desk];
    if (this.#busy || !client.open) return;
    this.#busy = this.#log.ariaBusy = true;
    try {
      const page = await client.ask({ type: "HISTORY", room: room.direct ? "@" : room.name, limit: PAGE, ...which });
      then(page.messages, page.more);
    } catch {
      room.begun = true; // until the next JOINED, or it would be asked for again and again
    }
    this.#busy = this.#log.ariaBusy = false;
    chat.look();
  }
}
