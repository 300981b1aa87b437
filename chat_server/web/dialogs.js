/** What opens above the chat: search, all rooms, help; and the settings. */
import { attempt, chat, client, join } from "./desk.js";
import { bdi, button, byId, element, note, when } from "./dom.js";
import { show } from "./timeline.js";

const FOUND = 50; // messages that a search shows
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const help = () => byId("help").showModal();

export const browse = () =>
  list("browse", { type: "LIST" }, ({ rooms, total }) => [
    `${total} ${total === 1 ? "room" : "rooms"}`,
    rooms.map(({ room, members, topic }) => row(`#${room}`, `${members} here`, topic, () => enter(room))),
  ]);

export function search(words = "") {
  byId("words-field").value = words;
  list("search", words && { type: "SEARCH", words, limit: FOUND }, ({ messages }) => [
    messages.length ? `${messages.length} found, the newest first` : "Nothing was found.",
    messages.map((each) => {
      const room = chat.place(each);
      const click = () => (byId("search").close(), show(room, each.id));
      return row(each.from, `${room.title} · ${dated.format(each.ts * 1000)}`, each.text, click);
    }),
  ]);
}

/** Open a dialog, and list in it what the server answers. */
function list(id, question, rows) {
  if (!byId(id).open) byId(id).showModal();
  attempt(async () => {
    const [told, found] = question ? rows(await client.ask(question)) : ["", []];
    byId(id).querySelector("[role=status]").textContent = told;
    byId(id).querySelector("ul").replaceChildren(...found);
  });
}

const row = (title, told, text, click) =>
  element("li", {}, button({ class: "link", click }, bdi(title), note(told), element("span", { class: "text", dir: "auto" }, text)));

function enter(room) { byId("browse").close(); attempt(() => join(room)); }

const opens = { help, browse, search: () => search() };
for (const each of document.querySelectorAll("[data-opens]")) each.addEventListener("click", () => opens[each.dataset.opens]());
when("leave", "click", () => client.leave());
when("search-form", "submit", () => search(byId("words-field").value));
when("browse-form", "submit", () => enter(byId("room-name").value));
byId("theme").value = document.documentElement.dataset.theme;
when("theme", "change", ({ value }) => localStorage.setItem("theme", (document.documentElement.dataset.theme = value)));
byId("notify").checked = localStorage.getItem("notify") === "on";
when("notify", "change", async (box) => {
  box.checked = box.checked && (await window.Notification?.requestPermission()) === "granted";
  localStorage.setItem("notify", box.checked ? "on" : "off");
});
