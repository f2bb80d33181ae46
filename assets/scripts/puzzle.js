// A little work while somebody reads: with its answer the form is heard at the higher rate. Without it, it is heard too.
// Hashcash over SHA-256: find a number so that SHA-256(puzzle "." number) begins with so many zero bits.
// So few at once that a tap is never kept waiting, also on a phone that is slow.
const TOGETHER = 24;
const SLICE_MILLIS = 12;
const SECONDS_MAX = 60;

// A timer would wait four milliseconds each time; a message comes as soon as taps and keys have been heard.
function breathe() {
  return new Promise((go) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      go();
    };
    port2.postMessage(null);
  });
}

export function leadingZeros(digest) {
  let bits = 0;
  for (const byte of digest) {
    if (byte) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}

async function solved(puzzle, bits) {
  const text = new TextEncoder();
  const end = performance.now() + SECONDS_MAX * 1000;
  let pause = performance.now() + SLICE_MILLIS;
  for (let start = 0; performance.now() < end; start += TOGETHER) {
    const tries = Array.from({ length: TOGETHER }, (_, step) =>
      crypto.subtle.digest("SHA-256", text.encode(`${puzzle}.${start + step}`)),
    );
    const found = (await Promise.all(tries)).findIndex((one) => leadingZeros(new Uint8Array(one)) >= bits);
    if (found >= 0) return String(start + found);
    if (performance.now() > pause) {
      await breathe();
      pause = performance.now() + SLICE_MILLIS;
    }
  }
  return "";
}

for (const form of document.querySelectorAll("form[data-puzzle]")) {
  if (globalThis.crypto?.subtle) {
    const begin = () =>
      solved(form.dataset.puzzle, Number(form.dataset.bits)).then((answer) => {
        form.elements.answer.value = answer;
      });
    (globalThis.requestIdleCallback ?? setTimeout)(begin);
  }
}
