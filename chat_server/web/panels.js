/** What stands round the messages: the rooms, the people, the head, and how the connection is. */
import { button, byId, element, place, tinted } from "./dom.js";
import { hue, initial } from "./text.js";

const MOST_PEOPLE = 300; // rows
const { compare } = new Intl.Collator();
const face = (name) => tinted(element("span", { class: "face", "aria-hidden": "true" }, initial(name)), hue(name));
const close = (panel) => panel.matches(":popover-open") && panel.hidePopover();

export class Panels {
  #desk; #members; #size;
  #links = new WeakMap(); // room -> its row
  #lost = null;

  constructor(desk) {
    this.#desk = desk;
    setInterval(() => this.#count(), 1000);
    byId("retry").addEventListener("click", () => desk.client.retry());
  }

  draw() {
    const { chat } = this.#desk;
    const { current: room } = chat;
    place(byId("room-list"), chat.list.filter((each) => !each.direct).map((each) => this.#link(each)));
    place(byId("direct-list"), chat.list.filter((each) => each.direct).map((each) => this.#link(each)));
    byId("no-direct").hidden = Boolean(byId("direct-list").firstChild);
    byId("title").textContent = room?.title ?? "No room";
    byId("topic").textContent = room?.topic || (room?.direct ? "only you two read this" : "");
    byId("me").textContent = chat.me;
    byId("chat").classList.toggle("alone", !room || room.direct);
    byId("people-button").hidden = !room || room.direct;
    byId("people-button").lastElementChild.textContent = byId("total").textContent = room?.total ?? "";
    byId("text").placeholder = room ? `Message ${room.title}` : "Type /join and a room";
    document.title = `${chat.calls ? `(${chat.calls}) ` : ""}${room ? `${room.title} - ` : ""}Chat`;
    if (room?.members !== this.#members || room?.members.size !== this.#size) this.#people(room);
  }

  /** Say that the connection is lost and when it is tried again; null: that it is there. */
  lost(reason, at) { this.#lost = reason === null ? null : { reason, at }; this.#count(); }

  #count() {
    const wait = this.#lost && Math.ceil((this.#lost.at - Date.now()) / 1000);
    const when = wait > 1 ? `Trying again in ${wait} s.` : "Trying again …";
    byId("chat").classList.toggle("lost", Boolean(this.#lost));
    byId("banner").hidden = !this.#lost;
    byId("banner").firstElementChild.textContent = this.#lost ? `${this.#lost.reason || "The connection is lost."} ${when}` : "";
  }

  #link(room) {
    const { chat } = this.#desk;
    if (!this.#links.has(room)) {
      const click = () => (chat.turnTo(room), close(byId("rooms")), byId("text").focus());
      const mark = room.direct ? face(room.title) : element("span", { class: "hash", "aria-hidden": "true" }, "#");
      const made = button("", click, { class: "link" });
      made.append(mark, element("bdi", {}, room.title.replace("#", "")), element("span", { class: "count" }));
      this.#links.set(room, element("li", {}, made));
    }
    const [made] = this.#links.get(room).children;
    const calls = room.direct ? room.unread : room.mentions;
    made.ariaCurrent = room === chat.current ? "true" : null;
    made.classList.toggle("unread", room.unread > 0);
    made.classList.toggle("calls", calls > 0);
    made.lastChild.textContent = room.unread > 999 ? "999+" : room.unread || "";
    made.lastChild.title = room.unread ? `${room.unread} unread, ${calls} for you` : "";
    return this.#links.get(room);
  }

  #people(room) {
    [this.#members, this.#size] = [room?.members, room?.members.size];
    const { chat, client, turnTo } = this.#desk;
    const marks = client.greeting?.access === "accounts";
    const rows = [...(room?.members ?? [])].sort(([a], [b]) => compare(a, b)).slice(0, MOST_PEOPLE).map(([name, account]) => {
      const made = button("", () => (turnTo(name), close(byId("people"))), { class: "link" });
      made.append(face(name), element("bdi", {}, name), element("span", { class: "note" }, name === chat.me ? "you" : marks && !account ? "guest" : ""));
      return element("li", {}, made);
    });
    byId("people-list").replaceChildren(...rows);
  }
}
