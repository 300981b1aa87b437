/** Where the person types: sends texts, runs commands, completes names, and changes what was said. */
import { RUN, nearest, parse } from "./commands.js";
import { byId, element } from "./dom.js";
import { folded } from "./text.js";

const MOST = 8; // suggestions

export class Composer {
  #desk;
  #field = byId("text");
  #list = byId("suggestions");
  #chosen = -1;
  #room = null;
  #editing = null;

  constructor(desk) {
    this.#desk = desk;
    this.#field.addEventListener("input", () => this.#suggest());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("blur", () => this.#suggest([]));
    byId("composer").addEventListener("submit", (event) => (event.preventDefault(), this.#submit()));
    byId("cancel").addEventListener("click", () => this.edit(null));
  }

  focus() { this.#field.focus(); }

  /** Show what was begun in the room that the person turned to. */
  draw() {
    const room = this.#desk.chat.current;
    if (room === this.#room) return;
    if (this.#room) this.#room.draft = this.#editing ? "" : this.#field.value;
    [this.#room, this.#editing] = [room, null];
    this.#write(room?.draft ?? "");
  }

  /** Let the person change what they said; null: go on with what is new. */
  edit(item) {
    this.#editing = item;
    this.#write(item?.text ?? "");
    this.focus();
  }

  insert(text) {
    this.#field.setRangeText(text, this.#field.selectionStart, this.#field.selectionEnd, "end");
    this.focus();
  }

  #write(text) {
    this.#field.value = text;
    byId("editing").hidden = !this.#editing;
    this.#suggest([]);
  }

  #submit() {
    const line = this.#field.value;
    const { name, rest, text } = this.#editing ? { text: line } : parse(line);
    if (!line.trim()) return;
    this.#desk.attempt(async () => {
      if (name !== undefined) await RUN[this.#known(name)](this.#desk, rest, this.#room);
      else if (this.#editing) await this.#desk.change({ ...this.#editing, type: "EDIT", text });
      else this.#desk.say(this.#room, text);
      if (this.#field.value === line) this.edit(null);
    });
  }

  #known(typed) {
    const all = [...byId("commands").children].map(({ dataset }) => dataset);
    const meant = all.find(({ name, also }) => name === typed || also?.split(" ").includes(typed))?.name;
    if (meant) return meant;
    const near = nearest(typed, all.map(({ name }) => name));
    const hint = near ? `did you mean /${near}?` : "/help lists them.";
    throw new Error(`There is no command /${typed}; ${hint} A text that begins with / is said with //.`);
  }

  #key(event) {
    const many = this.#list.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const takes = event.key === "Tab" || (event.key === "Enter" && this.#chosen >= 0);
    if (event.isComposing) return;
    if (many && step) this.#choose((this.#chosen + step + many) % many);
    else if (many && takes) this.#take(Math.max(0, this.#chosen));
    else if (many && event.key === "Escape") this.#suggest([]);
    else if (event.key === "Enter" && !event.shiftKey) this.#submit();
    else if (event.key === "Escape" && this.#editing) this.edit(null);
    else if (event.key === "ArrowUp" && !this.#field.value && this.#desk.timeline.own) this.edit(this.#desk.timeline.own);
    else return;
    event.preventDefault();
  }

  /** What may stand at the cursor, as [text, what it is]: a command, a room behind /join, a person behind @. */
  #options() {
    const before = this.#field.value.slice(0, this.#field.selectionStart);
    const [word] = /\S*$/.exec(before);
    const names = (mark) => [...(this.#room?.members.keys() ?? [])].map((each) => [mark + each, ""]);
    const rooms = () => [...this.#desk.chat.rooms.keys()].filter((each) => each[0] !== "@").map((each) => [each, ""]);
    const commands = () => [...byId("commands").children].map((each) => [`/${each.dataset.name}`, each.lastElementChild.textContent]);
    const all = before === word && word[0] === "/" ? commands() : /^\/(join|leave) /.test(before) ? rooms()
      : /^\/(msg|ignore) \S*$/.test(before) ? names("") : word[0] === "@" ? names("@") : [];
    return all.filter(([each]) => folded(each).startsWith(folded(word)) && each !== word).slice(0, MOST);
  }

  #suggest(options = this.#options()) {
    const rows = options.map(([text, note], at) => {
      const traits = { role: "option", id: `option-${at}`, "data-text": text };
      const row = element("li", traits, element("bdi", {}, text), element("span", { class: "note" }, note));
      row.addEventListener("pointerdown", (event) => (event.preventDefault(), this.#take(at)));
      return row;
    });
    this.#list.replaceChildren(...rows);
    this.#list.hidden = !rows.length;
    this.#choose(-1);
  }

  #choose(at) {
    this.#chosen = at;
    for (const [place, row] of [...this.#list.children].entries()) row.ariaSelected = String(place === at);
    this.#field.setAttribute("aria-activedescendant", at < 0 ? "" : `option-${at}`);
  }

  #take(at) {
    const end = this.#field.selectionStart;
    const [word] = /\S*$/.exec(this.#field.value.slice(0, end));
    this.#field.setRangeText(`${this.#list.children[at].dataset.text} `, end - word.length, end, "end");
    this.#suggest();
  }
}
