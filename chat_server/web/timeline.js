/** What was said in the room before the person: drawn once a frame, fetched when they scroll to it. */
import { attempt, change, chat, client, on, turnTo } from "./desk.js";
import { bdi, button, byId, element, note, place, tinted, when, write } from "./dom.js";
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
const line = (text, kind) => element("div", { class: `line ${kind}`, role: "separator" }, element("span", {}, text));
const [log, list, actions] = [byId("log"), byId("rows"), byId("actions")]; // what scrolls, and what is in it
const rows = new WeakMap(); // item -> its row
const items = new WeakMap(); // row -> its item
const days = new Map(); // day -> the line above it
const news = line("New", "new");
let [room, busy] = [null, false];

export function draw() {
  const turned = room !== chat.current;
  const stays = !turned && !chat.looking && [...list.children].find((each) => each.offsetTop > log.scrollTop);
  const top = stays && stays.offsetTop;
  room = chat.current;
  place(list, room ? wanted() : []);
  if (chat.looking) toEnd();
  else if (stays?.isConnected) log.scrollTop += stays.offsetTop - top;
  byId("latest").hidden = !room || (room.live && chat.looking);
  write(byId("latest").lastChild, room?.unread ? `${room.unread} new` : "Latest");
  if (log.scrollTop < NEAR) older();
}

/** Show the newest, and from then on what comes. */
export async function toLatest() {
  if (!room.live) await fetchPage({}, (messages) => anew(messages, true));
  chat.looking = true;
  chat.look();
}

/** Show a message and what was said around it. */
export async function show(place, id) {
  const found = () => place.items.find((each) => each.id === id);
  chat.turnTo(place);
  draw();
  if (!found()) await fetchPage({ before: id + PAGE / 2 }, (messages) => anew(messages, false));
  const row = found() && rowOf(found());
  chat.looking = false;
  draw();
  row?.scrollIntoView({ block: "center" });
  row?.focus();
}

// Rows

function wanted() {
  const [found, all] = [[], [...room.items, ...(room.live ? room.pending : [])]];
  let [fresh, before] = [0, {}];
  const later = all.findLastIndex((item) => !rows.has(item) && (fresh += 1) > FRESH);
  if (later >= 0) on.change();
  for (const item of all.filter((each, at) => at > later || rows.has(each))) {
    if (item.day !== before.day) found.push(dayOf(item));
    if (item === room.mark) found.push(news);
    const joins = found.at(-1) === rows.get(before) && item.from === before.from && !item.action && !before.action;
    found.push(rowOf(item));
    found.at(-1).classList.toggle("follows", Boolean(joins && item.from && item.ts - before.ts < GROUP_SECONDS));
    before = item;
  }
  return found;
}

function dayOf({ day, ts }) {
  if (!days.has(day)) days.set(day, line(DAY.format(ts * 1000), "day"));
  return days.get(day);
}

function rowOf(item) {
  if (rows.has(item) && !item.stale && !(item.entry?.failed && rows.get(item).matches(".waits"))) return rows.get(item);
  const row = item.from ? rowOfMessage(item) : element("div", { class: "remark" }, bdi(item.text));
  rows.set(item, row);
  items.set(row, item);
  item.stale = false;
  return row;
}

function rowOfMessage(item) {
  const { from, ts, entry, id, notice } = item;
  const time = CLOCK.format(ts * 1000);
  const guest = client.greeting?.access === "accounts" && !item.account && !entry;
  const kinds = { ...item, waits: entry && !entry.failed, failed: entry?.failed };
  const kind = ["own", "calls", "action", "waits", "failed"].filter((each) => kinds[each]).join(" ");
  const name = button({ class: "name", tabindex: "-1", click: () => turnTo(from) }, bdi(from));
  const mark = note(guest ? "guest" : notice ? "program" : "");
  const head = element("div", { class: "head" }, name, mark, element("time", {}, entry ? "" : time));
  const face = element("span", { class: "face", "aria-hidden": "true" }, initial(from));
  const body = element("div", { class: "body" }, head, ...textOf(item), entry && fateOf(entry));
  const traits = { class: `row ${kind}`, role: "article", tabindex: "-1", "aria-label": `${from}, ${time}`, "data-id": id };
  return tinted(element("div", traits, face, body), hue(from));
}

function textOf({ text, action, from, deleted, edited }) {
  if (deleted) return [element("div", { class: "text gone" }, "This message was deleted.")];
  const link = ({ text: part, href }) => (href ? element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part);
  const body = element("div", { class: "text", dir: "auto" }, action && element("b", {}, `${from} `), ...pieces(text).map(link));
  const more = button({ class: "plain", click: () => (body.classList.remove("long"), more.remove()) }, "Show all of it");
  const long = text.length > LONG.characters || text.split("\n", LONG.lines + 1).length > LONG.lines;
  body.classList.toggle("long", long);
  return [body, long && more, edited && note("edited")];
}

function fateOf(entry) {
  if (!entry.failed) return note("Sending …");
  const again = () => (client.drop(entry), attempt(() => client.say(entry.message)));
  const buttons = [["Send again", again], ["Discard", () => client.drop(entry)]];
  const made = buttons.map(([text, click]) => button({ class: "plain", click }, text));
  return element("div", { class: "note fault" }, `Not sent. ${entry.failed} `, ...made);
}

/** Put what can be done with a message on the row that the person points at, or came to by keyboard. */
function offer({ target }) {
  const row = target.closest(".row");
  const item = items.get(row);
  if (row === actions.parentElement || !item?.id || item.deleted) return;
  const remove = ({ target: it }) => {
    if (it.textContent === "Delete") it.textContent = "Really delete?";
    else attempt(() => change("DELETE", item));
  };
  const own = item.room ? { Edit: () => on.edit(item), Delete: remove } : {};
  const others = { Mention: () => on.insert(`@${item.from} `), Message: () => turnTo(item.from) };
  actions.replaceChildren(...Object.entries(item.own ? own : others).map(([text, click]) => button({ click }, text)));
  row.querySelector("time").title = EXACT.format(item.ts * 1000);
  row.append(actions);
}

function walk(event) {
  const all = [...list.querySelectorAll(".row")];
  const at = all.indexOf(document.activeElement.closest(".row"));
  const next = { ArrowUp: at < 0 ? all.at(-1) : all[at - 1], ArrowDown: at < 0 ? null : all[at + 1] }[event.key];
  if (!next || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  next.focus();
}

// Scrolling

function toEnd() { log.scrollTop = log.scrollHeight; }

function scrolled() {
  const below = log.scrollHeight - log.scrollTop - log.clientHeight;
  const looking = Boolean(room?.live) && below < NEAR;
  if (looking !== chat.looking) { chat.looking = looking; chat.look(); }
  if (log.scrollTop < NEAR) older();
  else if (below < NEAR) newer();
}

function older() {
  if (!room?.first || room.begun) return;
  fetchPage({ before: room.next ?? room.first }, (messages, more, next) => {
    add(messages);
    Object.assign(room, { begun: !more, next });
    if (!chat.looking) room.trim(false);
  });
}

function newer() {
  if (!room || room.live) return;
  fetchPage({ after: room.last }, (messages, more) => {
    add(messages);
    room.live = !more && room.last >= client.settled(room.name);
    room.trim(true);
  });
}

function anew(messages, live) {
  Object.assign(room, { items: [], live, begun: false, mark: null, next: undefined });
  add(messages);
}

function add(messages) { for (const each of messages) if (!each.of && !chat.hides(each.from)) chat.keep(each); }

async function fetchPage(which, then) {
  const where = room.direct ? { room: "@", peer: room.title } : { room: room.name };
  const asked = room;
  if (busy || !client.open) return;
  busy = log.ariaBusy = true;
  try {
    const { messages, more, next } = await client.ask({ type: "HISTORY", limit: PAGE, ...where, ...which });
    if (room === asked) then(messages, more, next);
  } catch {
    asked.begun = true; // until the next JOINED, or it would be asked for again and again
  }
  busy = log.ariaBusy = false;
  chat.look();
}

log.addEventListener("scroll", scrolled, { passive: true });
log.addEventListener("keydown", walk);
for (const type of ["pointerover", "focusin"]) log.addEventListener(type, offer);
when("latest", "click", toLatest);
new ResizeObserver(() => chat.looking && toEnd()).observe(log);
