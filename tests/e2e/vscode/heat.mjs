/** Reads what the extension paints in the text of a VS Code window. Waits for states only. */

export const HEAT = '.view-overlays .cdr[class*="ced-"]';
const SQUIGGLE = '.squiggly-error';
const HOVER = '.monaco-hover:not(.hidden)';
const DOCSTRING_END = /^\s*"""\s*$/;

/**
 * Every span with a background: its index among all decorations, colour and opacity, and whether it
 * stands in the prompt (down to the line that ends the docstring) or in the code below. Outlines
 * have no background.
 */
function spans(page) {
  return page.evaluate(
    ([selector, ending]) => {
      const last = new RegExp(ending);
      const lines = [...document.querySelectorAll('.view-line')];
      const end = lines.find((line) => last.test(line.textContent.replaceAll('\u00a0', ' ')));
      const bottom = end?.getBoundingClientRect().bottom ?? 0;
      return [...document.querySelectorAll(selector)]
        .map((span, index) => {
          const color = getComputedStyle(span).backgroundColor;
          const parts = color.match(/[\d.]+/g) ?? [];
          const opacity = parts.length === 4 ? Number(parts[3]) : 1;
          const prompt = span.getBoundingClientRect().top < bottom;
          return { index, color, opacity, part: prompt ? 'prompt' : 'code' };
        })
        .filter(({ opacity }) => opacity > 0);
    },
    [HEAT, DOCSTRING_END.source],
  );
}

/** How many coloured spans and error squiggles are drawn right now, and where the spans stand. */
export async function counts(page) {
  const painted = await spans(page);
  const of = (part) => painted.filter((span) => span.part === part).length;
  const squiggles = await page.locator(SQUIGGLE).count();
  return { heat: painted.length, prompt: of('prompt'), code: of('code'), squiggles };
}

/** The distinct background colours of the heat map. */
export async function heatColors(page) {
  return [...new Set((await spans(page)).map(({ color }) => color))].sort();
}

/**
 * Waits until both diagnostic and heat are drawn; gives up after `timeout` milliseconds. The
 * outline of the broken token comes before the heat, as the server finds one before the other.
 */
export async function waitForHeat(page, timeout) {
  await page.waitForSelector(SQUIGGLE, { timeout, state: 'attached' });
  const painted = (selector) =>
    [...document.querySelectorAll(selector)].some(
      (span) => getComputedStyle(span).backgroundColor !== 'rgba(0, 0, 0, 0)',
    );
  await page.waitForFunction(painted, HEAT, { timeout });
}

/** What supports what the model wrote, in the default palette, as the browser spells it. */
export const RED = '178, 24, 43';

/** Waits until so many spans are painted, of one colour or of any (''). */
export function waitForPainted(page, color, [least, most], timeout = 15_000) {
  const painted = ([selector, wanted, low, high]) => {
    const grounds = [...document.querySelectorAll(selector)].map(
      (span) => getComputedStyle(span).backgroundColor,
    );
    const count = grounds.filter((one) => one !== 'rgba(0, 0, 0, 0)' && one.includes(wanted)).length;
    return count >= low && count <= high;
  };
  return page.waitForFunction(painted, [HEAT, color, least, most], { timeout });
}

/** Waits until neither heat nor diagnostic is drawn. */
export function waitForNothing(page, timeout) {
  const none = (selector) => document.querySelector(selector) === null;
  return page.waitForFunction(none, `${HEAT}, ${SQUIGGLE}`, { timeout, polling: 'raf' });
}

/** Waits until a token in the text is marked that the panel points at: only that has an outline. */
export function waitForMark(page, timeout) {
  const marked = (selector) =>
    [...document.querySelectorAll(selector)].some(
      (span) => getComputedStyle(span).outlineStyle === 'solid',
    );
  return page.waitForFunction(marked, HEAT, { timeout });
}

/** The hover text at the middle of the `index`-th element that `selector` finds. */
async function hoverAt(page, selector, index) {
  const box = await page.locator(selector).nth(index).boundingBox();
  if (!box) throw new Error(`nothing to hover: ${selector}`);
  await page.mouse.move(5, 5);
  await page.waitForSelector(HOVER, { state: 'detached' });
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
  const settled = ([hover]) => {
    const shown = document.querySelector(hover)?.innerText.trim();
    return shown && !shown.startsWith('Loading') ? shown : false;
  };
  const handle = await page.waitForFunction(settled, [HOVER], { timeout: 15_000 });
  return handle.jsonValue();
}

export const hoverSquiggle = (page) => hoverAt(page, SQUIGGLE, 0);

/** The hover text at the strongest colour in a part of the text, `prompt` or `code`. */
export async function hoverStrongest(page, part) {
  const painted = (await spans(page)).filter((span) => span.part === part);
  const [strongest] = painted.sort((a, b) => b.opacity - a.opacity);
  if (!strongest) throw new Error(`no heat in the ${part}`);
  return hoverAt(page, HEAT, strongest.index);
}

/**
 * Waits for the lens that says what an edit did. Resolves with it and with what else is drawn in
 * the very same moment.
 */
export async function waitForCounterfactual(page, timeout) {
  const told = ([heat, squiggle]) => {
    const lens = [...document.querySelectorAll('.codelens-decoration a')]
      .map((link) => link.textContent.replaceAll('\u00a0', ' ').replace('Token Blame: ', ''))
      .find((title) => /^Δℓ .+ → .+: the model /.test(title));
    if (lens === undefined) return false;
    const drawn = (selector) => document.querySelectorAll(selector).length;
    return { line: lens, heat: drawn(heat), squiggles: drawn(squiggle) };
  };
  const options = { timeout, polling: 'raf' };
  return (await page.waitForFunction(told, [HEAT, SQUIGGLE], options)).jsonValue();
}
