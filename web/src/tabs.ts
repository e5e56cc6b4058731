// On a narrow screen a row of tabs may be longer than the screen: the one that
// is open stands where it is seen, and the row fades where there is more of it.
export function tabs(): void {
  for (const row of document.querySelectorAll<HTMLElement>(".views")) {
    const open = row.querySelector<HTMLElement>("[aria-current]");
    if (open && row.scrollWidth > row.clientWidth) row.scrollLeft = open.offsetLeft - (row.clientWidth - open.offsetWidth) / 2;
    const fade = () => {
      row.classList.toggle("more-before", row.scrollLeft > 1);
      row.classList.toggle("more-after", row.scrollLeft + row.clientWidth < row.scrollWidth - 1);
    };
    row.addEventListener("scroll", fade, { passive: true });
    new ResizeObserver(fade).observe(row);
  }
}
