/** What was said in the room before the person: drawn once a frame, fetched when they scroll to it. */
import { attempt, change, chat, client, on, turnTo } from "./desk.js";
import { bdi, button, byId, element, face, note, place, tinted, when, write } from "./dom.js";
import { pieces } from "./text.js";

const NEAR = 80; // pixels from an end within which one counts as being there
const PAGE = 100; // messages that are fetched at once
const FRESH = 50; // rows that are made in one frame, so that none takes long
const GROUP_SECONDS = 300; // what somebody says within this stands under one head
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const line = (text, kind) => element("div", { class: `line ${kind}`, role: "separator" }, element("span", {}, text));
const [log, list, actions] = [byId("log"), byId("rows"), byId("actions")]; // what scrolls, and what is in it
const rows = new WeakMap(); // item -> its row
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
  chat.turnTo(place);
  draw();
  await fetchPage({ before: id + PAGE / 2 }, (messages) => anew(messages, false));
  const found = place.items.find((each) => each.id === id);
  const row = found && rowOf(found);
  chat.looking = false;
  draw();
  row?.focus();
}

// Rows

function wanted() {
  const [found, all] = [[], [...room.items, ...(room.live ? chat.waiting(room) : [])]];
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
  const made = !item.stale && rows.get(item);
  if (!made) rows.set(item, item.from ? rowOfMessage(item) : element("div", { class: "remark" }, bdi(item.text)));
  item.stale = false;
  return rows.get(item);
}

function rowOfMessage(item) {
  const { from, ts, notice } = item;
  const time = CLOCK.format(ts * 1000);
  const guest = client.greeting?.access === "accounts" && !item.account;
  const kind = ["own", "calls", "action", "waits", "failed"].filter((each) => item[each]).join(" ");
  const name = button({ class: "name", tabindex: "-1", click: () => turnTo(from) }, bdi(from));
  const mark = note(guest ? "guest" : notice ? "program" : "");
  const head = element("div", { class: "head" }, name, mark, element("time", {}, time));
  const body = element("div", { class: "body" }, head, ...textOf(item), (item.waits || item.failed) && fateOf(item));
  const offers = ({ currentTarget }) => offer(item, currentTarget);
  const traits = { class: `row ${kind}`, role: "article", tabindex: "-1", "aria-label": `${from}, ${time}` };
  return tinted(element("div", { ...traits, pointerover: offers, focusin: offers }, face(from), body), from);
}

function textOf({ text, action, from, deleted, edited }) {
  if (deleted) return [element("div", { class: "text gone" }, "This message was deleted.")];
  const link = ({ text: part, href }) => (href ? element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part);
  const body = element("div", { class: "text", dir: "auto" }, action && element("b", {}, `${from} `), ...pieces(text).map(link));
  return [body, edited && note("edited")];
}

function fateOf(entry) {
  if (!entry.failed) return note("Sending …");
  const drop = () => client.drop(entry);
  const again = () => (drop(), attempt(() => client.say(entry)));
  const choice = (text, click) => button({ class: "plain", click }, text);
  return element("div", { class: "note fault" }, `Not sent. ${entry.failed} `, choice("Send again", again), choice("Discard", drop));
}

/** Put what can be done with a message on the row that the person points at, or came to by keyboard. */
function offer(item, row) {
  if (row === actions.parentElement || !item.id || item.deleted) return;
  const remove = () => confirm("Really delete this message?") && attempt(() => change("DELETE", item));
  const own = item.room ? { Edit: () => on.edit(item), Delete: remove } : {};
  const choices = item.own ? own : { Message: () => turnTo(item.from) };
  actions.replaceChildren(...Object.entries(choices).map(([text, click]) => button({ click }, text)));
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
when("latest", "click", toLatest);
new ResizeObserver(() => chat.looking && toEnd()).observe(log);
