// Turns the pages: keys, an address a slide, a speaker's window, fall-backs, an overview. No library, no network.
"use strict";
const slides = [...document.querySelectorAll("#deck > section")];
const deck = document.getElementById("deck");
const HELP = [["→ ↓ Space PageDown Enter", "next"], ["← ↑ PageUp Backspace", "back"], ["Home End", "first, last"],
  ["S", "speaker view"], ["F", "fall-back of a live demo"], ["O", "overview"], ["B .", "black"], ["?", "these keys"]];
let now = 0, speaker = null, started = null;

function go(to, { push = true } = {}) {
  now = Math.max(0, Math.min(slides.length - 1, to));
  slides.forEach((slide, at) => {
    slide.classList.toggle("now", at === now);
    slide.setAttribute("aria-hidden", at !== now);
    slide.querySelector(".fallback")?.setAttribute("hidden", "");
  });
  document.getElementById("bar").style.width = `${(now / Math.max(1, slides.length - 1)) * 100}%`;
  document.getElementById("say").textContent = `${now + 1} of ${slides.length}: ${PLAN[now].title}`;
  document.title = `${now + 1} ${PLAN[now].title}`;
  if (push && location.hash !== `#${now + 1}`) history.replaceState(null, "", `#${now + 1}`);
  if (document.body.classList.contains("all")) slides[now].scrollIntoView({ block: "nearest" });
  tell();
}

function fit() {
  const scale = Math.min(innerWidth / 1280, innerHeight / 720);
  deck.style.transform = `scale(${scale}) translate(-50%, -50%)`;
}

function toggleFallback() {
  const shown = slides[now].querySelector(".fallback");
  if (!shown) return;
  shown.toggleAttribute("hidden");
  if (!shown.hidden) shown.focus();
}

function toggleHelp() {
  const open = document.getElementById("help");
  if (open) return open.remove();
  const box = document.createElement("div");
  box.id = "help";
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "Keys");
  box.innerHTML = `<table>${HELP.map(([key, what]) => `<tr><td><kbd>${key}</kbd></td><td>${what}</td></tr>`).join("")}</table>`;
  document.body.append(box);
}

function overview(on) {
  document.body.classList.toggle("all", on);
  fit();
  if (on) slides[now].scrollIntoView({ block: "center" });
}

// The speaker's window is written from here: it needs no second file, and works from a disk.
// Its previews are as wide as their column, whatever the window's size: --scale is set when that changes.
const SPEAKER_CSS = `body{margin:0;font:20px/1.45 "Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif;background:#10233f;color:#eef4ff;
  display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 28px;padding:20px;overflow:hidden;height:100vh;box-sizing:border-box}
  h1{font-size:24px;margin:.2em 0;color:#eef4ff}.clock{font-size:38px;font-variant-numeric:tabular-nums}.clock small{font-size:20px;color:#b6c7e3}
  .clock .late{color:#ffd27d}#notes{overflow:auto;min-height:0;font-size:23px;background:#fff;color:#1f2933;border-radius:10px;padding:8px 24px}
  #notes pre{white-space:pre-wrap;font-size:19px}
  .view{aspect-ratio:16/9;overflow:hidden;position:relative;border-radius:8px;background:#fff;color:#1f2933}
  .view section{display:block!important;transform:scale(var(--scale));transform-origin:0 0;position:absolute;inset:0 auto auto 0}
  .view .fallback,.view aside{display:none}.next{width:62%}.next section{transform:scale(calc(var(--scale)*.62))}
  .right{display:flex;flex-direction:column;min-height:0}`;

function openSpeaker() {
  if (speaker && !speaker.closed) return speaker.focus();
  speaker = window.open("", "workshop-speaker", "popup,width=1300,height=760");
  if (!speaker) return alert("The browser blocked the speaker's window. Allow pop-ups for this page and press S again.");
  const page = speaker.document;
  page.open();
  page.write(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Speaker view</title>
    <style>${document.querySelector("style").textContent}</style><style>html{overflow:auto}${SPEAKER_CSS}</style></head>
    <body><div><h1 id="where"></h1><div class="view" id="this"></div><h1 id="then"></h1><div class="view next" id="next"></div></div>
    <div class="right"><div class="clock"><span id="spent">0:00</span> <small id="plan"></small></div><div id="notes" tabindex="0"></div></div></body></html>`);
  page.close();
  const room = () => page.body.style.setProperty("--scale", page.getElementById("this").clientWidth / 1280);
  room();
  speaker.addEventListener("resize", room);
  speaker.addEventListener("keydown", keys);
  started ??= Date.now();
  tell();
}

const clock = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function tell() {
  if (!speaker || speaker.closed) return;
  const page = speaker.document, next = slides[now + 1];
  const put = (id, slide) => page.getElementById(id).replaceChildren(...(slide ? [page.importNode(slide, true)] : []));
  put("this", slides[now]);
  put("next", next);
  page.getElementById("where").textContent = `${now + 1} of ${slides.length}`;
  page.getElementById("then").textContent = next ? `Next: ${PLAN[now + 1].title}` : "The end";
  page.getElementById("notes").innerHTML = slides[now].querySelector("aside").innerHTML;
  page.getElementById("notes").scrollTop = 0;
  tick();
}

function tick() {
  if (!speaker || speaker.closed || !started) return;
  const page = speaker.document, spent = (Date.now() - started) / 1000;
  const due = PLAN.slice(0, now + 1).reduce((sum, slide) => sum + slide.minutes, 0) * 60;
  page.getElementById("spent").textContent = clock(spent);
  page.getElementById("spent").className = spent > due ? "late" : "";
  const late = spent > due ? ", you are late" : "";
  page.getElementById("plan").textContent = `leave this slide at ${clock(due)}${late}`;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const fallback = slides[now].querySelector(".fallback:not([hidden])");
  const moves = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1 };
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (fallback && ["ArrowDown", "ArrowUp", "PageDown", "PageUp"].includes(event.key)) return;  // they scroll it
  if (event.key === "Enter" && event.target.closest?.("a")) return;
  if (event.key === "Enter" && document.body.classList.contains("all")) overview(false);
  else if (event.key in moves) go(now + (event.key === " " && event.shiftKey ? -1 : moves[event.key]));
  else if (key === "Home") go(0);
  else if (key === "End") go(slides.length - 1);
  else if (key === "s") openSpeaker();
  else if (key === "f") toggleFallback();
  else if (key === "o") overview(!document.body.classList.contains("all"));
  else if (key === "b" || key === ".") document.body.classList.toggle("black");
  else if (key === "?" || key === "h") toggleHelp();
  else if (key === "Escape") {
    document.getElementById("help")?.remove();
    document.body.classList.remove("black");
    overview(false);
    fallback?.setAttribute("hidden", "");
  } else return;
  event.preventDefault();
}

const fromAddress = () => (parseInt(location.hash.slice(1), 10) || 1) - 1;
addEventListener("keydown", keys);
addEventListener("resize", fit);
addEventListener("hashchange", () => go(fromAddress(), { push: false }));
slides.forEach((slide, at) => slide.addEventListener("click", () => {
  if (document.body.classList.contains("all")) { overview(false); go(at); }
}));
setInterval(tick, 1000);
fit();
go(fromAddress());
