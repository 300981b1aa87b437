/* What `test_reach.py` asks the page itself; each answer lists what is wrong. */

const isSeen = (each) => each.checkVisibility({ visibilityProperty: true });

/** Elements that can be used and do not tell their user what they are. */
function nameless() {
  const name = (each) => {
    const by = document.getElementById(each.getAttribute("aria-labelledby"));
    return [each.ariaLabel, by?.textContent, each.labels?.[0]?.textContent, each.textContent].find((text) => text?.trim());
  };
  const used = document.querySelectorAll("button, input, textarea, select, a[href], [tabindex], dialog[open]");
  return [...used].filter((each) => isSeen(each) && !name(each)).map((each) => each.outerHTML);
}

/** Elements smaller than 24 pixels (WCAG 2.2, 2.5.8). */
function small() {
  const used = [...document.querySelectorAll("button, input, textarea, select")];
  const isSmall = ({ width, height }) => width < 24 || height < 24;
  return used
    .filter((each) => isSeen(each) && !each.closest("label") && isSmall(each.getBoundingClientRect()))
    .map((each) => each.outerHTML);
}

/** Texts with a contrast below 4.5 against what lies behind them (WCAG 2.2, 1.4.3). */
function faint() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const mixed = (color, below) => {
    for (canvas.fillStyle of [`rgb(${below.join()})`, color]) canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (part) => (part <= 10 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (each) =>
    each ? mixed(getComputedStyle(each).backgroundColor, ground(each.parentElement)) : [255, 255, 255];
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement: each } = walker.currentNode;
    if (!data.trim() || !isSeen(each) || each.closest(".unseen, #skip, option, :disabled")) continue;
    const below = ground(each);
    const [dark, bright] = [light(mixed(getComputedStyle(each).color, below)), light(below)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${each.tagName} ${each.className} ${data}`);
  }
  return found;
}

Object.assign(globalThis, { nameless, small, faint });
