/** The few ways in which this page makes and uses elements. Texts become text nodes; no markup is ever parsed. */
import { hue, initial } from "./text.js";

export const byId = (id) => document.getElementById(id);

/** Call a function with the element when something happens to it; a form is then not sent anywhere. */
export const when = (id, type, deed) =>
  byId(id).addEventListener(type, (event) => (type === "submit" && event.preventDefault(), deed(event.target)));

/** Make an element. Functions in `traits` listen to events; all else are attributes. */
export function element(tag, traits = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

export const button = (traits, ...children) => element("button", { type: "button", ...traits }, ...children);
export const note = (text) => element("span", { class: "note" }, text);
export const bdi = (text) => element("bdi", {}, text);

/** Set a text, which costs nothing if it is there already. */
export const write = (made, text) => { if (made.textContent !== String(text)) made.textContent = text; };

/** Give an element the colour of a name. */
export const tinted = (made, name) => (made.style.setProperty("--hue", hue(name)), made);

/** What stands for somebody: the first letter of their name, in its colour. */
export const face = (name) => tinted(element("span", { class: "face", "aria-hidden": "true" }, initial(name)), name);

/** Make these the children of an element; those that stay are not touched. */
export function place(parent, wanted) {
  const kept = new Set(wanted);
  for (const each of [...parent.children]) if (!kept.has(each)) each.remove();
  let next = parent.firstChild;
  for (const each of wanted) if (each === next) next = next.nextSibling; else parent.insertBefore(each, next);
}
