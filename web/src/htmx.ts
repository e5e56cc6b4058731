import htmx from "htmx.org";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

// The live-stream extension looks for htmx on the window.
window.htmx = htmx;

export default htmx;
