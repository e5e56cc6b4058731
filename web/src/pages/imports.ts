// Files may be dropped on the form, and one sees how far their upload is.
// Without this the form works as forms do.
function upload(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const progress = form.querySelector<HTMLElement>("[data-upload-progress]");
  const error = form.querySelector<HTMLElement>("[data-upload-error]");
  if (!input || !progress || !error) return;

  const send = () => {
    if (!input.files?.length) return;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = (e) => {
      const bar = progress.querySelector("progress");
      if (bar && e.lengthComputable) bar.value = (100 * e.loaded) / e.total;
    };
    const failed = (html: string) => {
      progress.hidden = true;
      form.removeAttribute("aria-busy");
      error.innerHTML = html;
    };
    request.onload = () => {
      const next = request.getResponseHeader("HX-Redirect");
      if (next) location.assign(next);
      else failed(request.responseText);
    };
    request.onerror = () => form.submit(); // the plain form says what is wrong
    error.replaceChildren();
    progress.hidden = false;
    form.setAttribute("aria-busy", "true");
    request.send(new FormData(form));
  };

  form.addEventListener("submit", (e) => {
    e.preventDefault();
    send();
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (e) => {
      e.preventDefault();
      form.classList.add("dropzone-over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    form.addEventListener(name, () => form.classList.remove("dropzone-over"));
  }
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    if (!e.dataTransfer?.files.length) return;
    input.files = e.dataTransfer.files;
    send();
  });
}

const seen = new WeakSet<HTMLFormElement>();

function all(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-upload]")) {
    if (seen.has(form)) continue;
    seen.add(form);
    upload(form);
  }
}

all();
document.addEventListener("htmx:load", all);
document.addEventListener("htmx:sseMessage", all);
