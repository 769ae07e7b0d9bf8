// Brings the progress of a run that is at work up to date; once it is over, the page is loaded again.

for (const element of document.querySelectorAll("[data-progress]")) {
  const look = async () => {
    if (!document.hidden) {
      const answer = await fetch(element.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const told = await answer.json();
        element.textContent = told.words;
        if (told.over) { location.reload(); return; }
      }
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 1000);
}
