"use strict";
// The page says all there is to say without this: it lets one try other thresholds, hide kinds
// of lines, and read the reasons as a list.
const lines = [...document.querySelectorAll("main ol > li")].map((element) => ({
  element,
  score: Number(element.dataset.s),
  kinds: element.dataset.k.split(" "),
  isTold: "t" in element.dataset,
  wasKept: !element.classList.contains("d"),
  isKept: !element.classList.contains("d"),
  mark: element.querySelector("b"),
  kind: element.querySelector("u"),
}));
const form = document.querySelector("form");
const keeps = new Set(form.dataset.keep.split(" "));
const slider = form.elements.threshold;
form.reset();
const usual = Number(slider.value);
const output = form.elements.tells;
const which = form.elements.which;
const boxes = [...form.querySelectorAll("input[type=checkbox]")];
const count = document.getElementById("count");

// Content kind first, chrome kind second; what a rule decided no threshold moves.
const judge = (line, threshold) => {
  if (line.isTold) return [line.wasKept, line.kind.textContent];
  const kind = line.kinds[line.score > threshold ? 0 : 1];
  return [keeps.has(kind), kind];
};

const update = () => {
  const threshold = Number(slider.value);
  const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  let kept = 0, won = 0, lost = 0;
  for (const line of lines) {
    const [isKept, kind] = threshold === usual ? [line.wasKept, judge(line, usual)[1]] : judge(line, threshold);
    const isMoved = isKept !== line.wasKept;
    kept += isKept;
    won += isMoved && isKept;
    lost += isMoved && !isKept;
    if (line.kind.textContent !== kind) line.kind.textContent = kind;
    if (line.isKept !== isKept) {
      line.isKept = isKept;
      line.element.classList.toggle("d", !isKept);
      line.element.classList.toggle("moved", isMoved);
      line.mark.textContent = isKept ? "kept" : "dropped";
    }
    const isShown = shown.has(kind)
      && (which.value === "all" || (which.value === "moved" ? isMoved : isKept === (which.value === "kept")));
    if (line.element.hidden === isShown) line.element.hidden = !isShown;
  }
  const option = threshold === usual ? "" : `, with --threshold ${threshold}`;
  output.value = `${threshold}`;
  count.textContent = `${kept} of ${lines.length} lines kept${option}`
    + (won + lost ? `: ${won} more and ${lost} fewer than before` : "");
};

// A rule for just this line: its text, or the beginning of a long one.
const rule = (line) => {
  const text = line.element.querySelector("span").textContent;
  const words = text.trim().split(/\s+/);
  const escape = (word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll("'", "'\\''");
  const start = /^\s/.test(text) ? "^\\s*" : "^";
  const space = text.trim() === words.join(" ") ? " " : "\\s+";
  const end = words.length > 8 ? "" : /\s$/.test(text) ? "\\s*$" : "$";
  const pattern = start + words.slice(0, 8).map(escape).join(space) + end;
  return `${line.wasKept ? "--never" : "--always"} '${pattern}'`;
};

document.querySelector("main").addEventListener("toggle", ({ target }) => {
  const told = target.querySelector("p");
  if (!target.open || !told) return;
  const line = lines.find((line) => line.element === target.parentElement);
  const list = document.createElement("ul");
  const add = (text) => list.appendChild(document.createElement("li")).append(text);
  told.textContent.split("; ").forEach(add);
  const code = document.createElement("code");
  code.textContent = rule(line);
  add(line.wasKept ? "to drop it: " : "to keep it: ");
  list.lastChild.append(code);
  told.replaceWith(list);
}, true);

form.addEventListener("input", update);
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.again.addEventListener("click", () => { form.reset(); update(); });
for (const box of boxes) {
  const found = lines.filter((line) => line.kind.textContent === box.value).length;
  box.parentElement.append(` (${found})`);
}
form.hidden = false;
update();
