// What every page carries: htmx, live streams and the small islands.
import "../htmx";
import "htmx-ext-sse";
import { ago } from "../ago";
import { copy } from "../copy";
import { live } from "../live";
import { menus } from "../menus";
import { search } from "../search";
import { steady } from "../steady";
import { tabs } from "../tabs";
import { theme } from "../theme";

theme();
document.addEventListener("DOMContentLoaded", () => {
  search();
  copy();
  menus();
  live();
  ago();
  tabs();
  steady();
});
