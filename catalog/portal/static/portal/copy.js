// Adds a copy button to every block that asks for one. Without this file the page works the same, without the buttons.

for (const block of document.querySelectorAll("pre[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = block.dataset.copy;
  button.addEventListener("click", () => copy(block, button));
  const frame = document.createElement("div");
  frame.className = "copyable";
  block.replaceWith(frame);
  frame.append(block, button);
}

// What a form made is shown once: going back to it or loading it again would send the form again.
for (const block of document.querySelectorAll("[data-afterwards]")) {
  history.replaceState(null, "", block.dataset.afterwards);
}

async function copy(block, button) {
  const text = block.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without HTTPS: select the text, so that Ctrl+C copies it.
    getSelection().selectAllChildren(block);
    return;
  }
  button.textContent = block.dataset.copied;
  setTimeout(() => { button.textContent = block.dataset.copy; }, 2000);
}
