/** What stands round the messages: the rooms, the people, the head, and how the connection is. */
import { chat, client, on, turnTo } from "./desk.js";
import { bdi, button, byId, element, face, note, place, when, write } from "./dom.js";

const MOST_PEOPLE = 300; // rows
const { compare } = new Intl.Collator();
const links = new WeakMap(); // room -> its row
let [people, lost] = [null, null];

export function draw() {
  const { current: room, calls, list } = chat;
  place(byId("room-list"), list.filter((each) => !each.direct).map(link));
  place(byId("direct-list"), list.filter((each) => each.direct).map(link));
  write(byId("title"), room?.title ?? "No room");
  write(byId("topic"), room?.topic || (room?.direct ? "only you two read this" : ""));
  write(byId("me"), chat.me);
  byId("people-button").hidden = byId("chat").classList.toggle("alone", !room || room.direct);
  for (const each of [byId("people-button").lastElementChild, byId("total")]) write(each, room?.total ?? "");
  byId("text").placeholder = room ? `Message ${room.title}` : "Type /join and a room";
  document.title = `${calls ? `(${calls}) ` : ""}${room ? `${room.title} - ` : ""}Chat`;
  if (room?.members !== people?.members || room?.members.size !== people?.size) drawPeople(room);
}

function link(room) {
  if (!links.has(room)) {
    const click = () => (chat.turnTo(room), byId("rooms").hidePopover(), byId("text").focus());
    const parts = [room.direct && face(room.title), bdi(), element("span", { class: "count" })];
    links.set(room, element("li", {}, button({ class: "link", click }, ...parts)));
  }
  const [made] = links.get(room).children;
  const calls = room.direct ? room.unread : room.mentions;
  write(made.querySelector("bdi"), room.title.replace("#", ""));
  made.ariaCurrent = room === chat.current ? "true" : null;
  made.classList.toggle("unread", room.unread > 0);
  made.classList.toggle("calls", calls > 0);
  write(made.lastChild, room.unread > 999 ? "999+" : room.unread || "");
  made.lastChild.title = room.unread ? `${room.unread} unread, ${calls} for you` : "";
  return links.get(room);
}

function drawPeople(room) {
  people = { members: room?.members, size: room?.members.size };
  const marks = client.greeting?.access === "accounts";
  const rows = [...(room?.members ?? [])].sort(([a], [b]) => compare(a, b)).slice(0, MOST_PEOPLE).map(([name, account]) => {
    const click = () => (turnTo(name), byId("people").hidePopover());
    const mark = name === chat.me ? "you" : marks && !account ? "guest" : "";
    return element("li", {}, button({ class: "link", click }, face(name), bdi(name), note(mark)));
  });
  byId("people-list").replaceChildren(...rows);
}

/** Show why the connection is lost, and when the next try is; without a time: that it is there. */
export function tellLost(reason, at) {
  if (Boolean(at) !== Boolean(lost)) on.say(at ? reason : "Connected.");
  lost = at;
  write(byId("banner").firstElementChild, reason ?? "");
  tick();
}

function tick() {
  const wait = Math.ceil((lost - Date.now()) / 1000);
  byId("banner").hidden = !byId("chat").classList.toggle("lost", Boolean(lost));
  write(byId("banner").children[1], wait > 1 ? `Trying again in ${wait} s.` : "Trying again …");
}

setInterval(tick, 1000);
when("retry", "click", () => client.retry());
