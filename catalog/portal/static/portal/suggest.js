// Fills the list of suggestions below the search box while somebody types. Without this file searching works the same.

const WAIT = 150; // milliseconds after the last key
const input = document.querySelector("input[data-suggest]");
const list = input && document.getElementById(input.getAttribute("list"));
let timer, asked;

input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(suggest, WAIT);
});

async function suggest() {
  const typed = input.value.trim();
  if (!typed || typed === asked) return;
  asked = typed;
  try {
    const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`);
    const { suggestions } = await answer.json();
    if (typed === asked) list.replaceChildren(...suggestions.map(({ text }) => new Option(text, text)));
  } catch {
    // No suggestions, then.
  }
}
