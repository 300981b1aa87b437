/** What opens above the chat: search, all rooms, help; and the settings. */
import { button, byId, element } from "./dom.js";

const FOUND = 50; // messages that a search shows
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Dialogs {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    for (const each of document.querySelectorAll("[data-opens]")) {
      each.addEventListener("click", () => this[each.dataset.opens]());
    }
    byId("leave").addEventListener("click", () => desk.client.leave());
    byId("search-form").addEventListener("submit", (event) => (event.preventDefault(), this.#find()));
    byId("browse-form").addEventListener("submit", (event) => (event.preventDefault(), this.#join(byId("room-name").value)));
    byId("theme").value = document.documentElement.dataset.theme;
    byId("theme").addEventListener("change", ({ target }) => {
      localStorage.setItem("theme", (document.documentElement.dataset.theme = target.value));
    });
    byId("notify").checked = localStorage.getItem("notify") === "on";
    byId("notify").addEventListener("change", async ({ target }) => {
      target.checked = target.checked && (await window.Notification?.requestPermission()) === "granted";
      localStorage.setItem("notify", target.checked ? "on" : "off");
    });
  }

  help() { byId("help").showModal(); }

  search(words = "") {
    byId("search").showModal();
    byId("words-field").value = words;
    byId("found").replaceChildren();
    byId("found-total").textContent = "";
    if (words) this.#find();
  }

  browse() {
    byId("browse").showModal();
    this.#desk.attempt(async () => {
      const { rooms, total } = await this.#desk.client.ask({ type: "LIST" });
      byId("rooms-total").textContent = total === 1 ? "1 room" : `${total} rooms`;
      byId("all-rooms").replaceChildren(
        ...rooms.map((each) => row(`#${each.room}`, `${each.members} here`, each.topic, () => this.#join(each.room))),
      );
    });
  }

  #join(room) {
    byId("browse").close();
    this.#desk.run("join", room);
  }

  #find() {
    const { client, chat, timeline, attempt } = this.#desk;
    attempt(async () => {
      const { messages } = await client.ask({ type: "SEARCH", words: byId("words-field").value, limit: FOUND });
      const rows = messages.map(({ id, from, to, room, ts, text }) => {
        const place = to ? chat.direct(chat.other({ from, to })) : chat.room(room);
        return row(from, `${place.title} · ${dated.format(ts * 1000)}`, text, () => {
          byId("search").close();
          chat.turnTo(place);
          attempt(() => timeline.show(place, id));
        });
      });
      byId("found").replaceChildren(...rows);
      byId("found-total").textContent = rows.length ? `${rows.length} found, the newest first` : "Nothing was found.";
    });
  }
}

function row(title, note, text, click) {
  const made = button("", click, { class: "link" });
  made.append(element("bdi", {}, title), element("span", { class: "note" }, note), element("span", { class: "text", dir: "auto" }, text));
  return element("li", {}, made);
}
