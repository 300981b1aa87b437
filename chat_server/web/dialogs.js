/** What opens above the chat: search, all rooms, help; and the settings. */
import { button, byId, element } from "./dom.js";

const FOUND = 50; // messages that a search shows
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const on = (id, type, deed) => byId(id).addEventListener(type, (event) => (type === "submit" && event.preventDefault(), deed(event.target)));

export class Dialogs {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    for (const each of document.querySelectorAll("[data-opens]")) each.addEventListener("click", () => this[each.dataset.opens]());
    on("leave", "click", () => desk.client.leave());
    on("search-form", "submit", () => this.search(byId("words-field").value));
    on("browse-form", "submit", () => this.#join(byId("room-name").value));
    byId("theme").value = document.documentElement.dataset.theme;
    on("theme", "change", ({ value }) => localStorage.setItem("theme", (document.documentElement.dataset.theme = value)));
    byId("notify").checked = localStorage.getItem("notify") === "on";
    on("notify", "change", async (box) => {
      box.checked = box.checked && (await window.Notification?.requestPermission()) === "granted";
      localStorage.setItem("notify", box.checked ? "on" : "off");
    });
  }

  help() { byId("help").showModal(); }

  browse() {
    this.#list("browse", { type: "LIST" }, ({ rooms, total }) => [
      `${total} ${total === 1 ? "room" : "rooms"}`,
      rooms.map(({ room, members, topic }) => row(`#${room}`, `${members} here`, topic, () => this.#join(room))),
    ]);
  }

  search(words = "") {
    const { chat, timeline } = this.#desk;
    byId("words-field").value = words;
    this.#list("search", words && { type: "SEARCH", words, limit: FOUND }, ({ messages }) => [
      messages.length ? `${messages.length} found, the newest first` : "Nothing was found.",
      messages.map((each) => {
        const show = () => (byId("search").close(), timeline.show(chat.place(each), each.id));
        return row(each.from, `${chat.place(each).title} · ${dated.format(each.ts * 1000)}`, each.text, show);
      }),
    ]);
  }

  /** Open a dialog, and list in it what the server answers. */
  #list(id, question, rows) {
    if (!byId(id).open) byId(id).showModal();
    this.#desk.attempt(async () => {
      const [note, found] = question ? rows(await this.#desk.client.ask(question)) : ["", []];
      byId(id).querySelector("[role=status]").textContent = note;
      byId(id).querySelector("ul").replaceChildren(...found);
    });
  }

  #join(room) { byId("browse").close(); this.#desk.run("join", room); }
}

function row(title, note, text, click) {
  const made = button("", click, { class: "link" });
  made.append(element("bdi", {}, title), element("span", { class: "note" }, note), element("span", { class: "text", dir: "auto" }, text));
  return element("li", {}, made);
}
