//! Scrolling of a conversation: it follows the end only while the reader is there, and stays where it is otherwise.
import { iconButton } from "./dom.js";

/** Nearer than this to the end counts as the end. */
const NEAR = 40;

/**
 * @param {HTMLElement} log What scrolls.
 * @param {HTMLElement} content What grows in it.
 */
export function follows(log, content) {
  // A new chat is read from its top.
  let isAtEnd = false;
  let height = 0;
  let place = 0;
  const end = iconButton("down", "To the end", () => toEnd(), { class: "to-end", hidden: true });
  const toEnd = () => {
    isAtEnd = true;
    end.hidden = true;
    log.scrollTop = log.scrollHeight;
  };
  const look = () => {
    // Only who scrolls up leaves the end: what grows moves the end away from the reader, and what shrinks moves the view.
    const isUp = log.scrollTop < place && log.scrollHeight >= height;
    const isNear = log.scrollTop + log.clientHeight >= log.scrollHeight - NEAR;
    isAtEnd = isNear || (isAtEnd && !isUp);
    place = log.scrollTop;
    height = log.scrollHeight;
    end.hidden = isAtEnd || !content.querySelector(".message");
  };
  const leave = (/** @type {Event} */ event) => {
    const up = event instanceof WheelEvent ? event.deltaY < 0 : ["ArrowUp", "PageUp", "Home"].includes(/** @type {KeyboardEvent} */ (event).key);
    if (up && log.scrollHeight > log.clientHeight) isAtEnd = false;
  };
  const observer = new ResizeObserver(() => {
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    look();
  });
  observer.observe(content);
  observer.observe(log);
  log.addEventListener("scroll", look, { passive: true });
  log.addEventListener("wheel", leave, { passive: true });
  log.addEventListener("keydown", leave);

  /**
   * Changes what is above, and keeps what is read where it is.
   * @param {() => void} change
   */
  const keepPlace = (change) => {
    const top = log.getBoundingClientRect().top;
    const seen = [...content.children].find((child) => child.getBoundingClientRect().bottom > top);
    const before = seen?.getBoundingClientRect().top ?? 0;
    log.style.overflowAnchor = "none";
    change();
    if (seen) log.scrollTop += seen.getBoundingClientRect().top - before;
    requestAnimationFrame(() => (log.style.overflowAnchor = ""));
  };
  return { button: end, toEnd, keepPlace, stop: () => observer.disconnect() };
}
