/** The few ways in which this page makes elements. Texts become text nodes; no markup is ever parsed. */

export const byId = (id) => document.getElementById(id);

/** Make an element. Functions in `traits` listen to events; all else are attributes, without those that are false. */
export function element(tag, traits = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

export const button = (text, click, traits = {}) => element("button", { type: "button", click, ...traits }, text);

/** Give an element the colour of a name. */
export function tinted(made, hue) { made.style.setProperty("--hue", hue); return made; }

/** Make these the children of an element; those that stay are not touched. */
export function place(parent, wanted) {
  const kept = new Set(wanted);
  for (const each of [...parent.children]) if (!kept.has(each)) each.remove();
  let next = parent.firstChild;
  for (const each of wanted) {
    if (each === next) next = next.nextSibling;
    else parent.insertBefore(each, next);
  }
}
