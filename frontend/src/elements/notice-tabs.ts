/**
 * What the tabs of a browser tell each other of a new notice: a visible one, that it has it. So a
 * person who looks at the bar in one window gets no toast in another, and is not told again by
 * tabs that were hidden.
 */

/** That somebody is told of a notice; `seen` that no other tab needs to, visible or not. */
export interface Told {
  readonly id: string;
  readonly seen: boolean;
}

export class NoticeTabs {
  readonly #name: string;
  readonly #over = new AbortController();
  readonly #channel: BroadcastChannel;
  #leads = false;
  #hide: (() => void) | undefined;

  /** `name` says whose tabs they are. */
  constructor(name: string, heard: (told: Told) => void) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Told>) => heard(data);
    this.#hold(name, "exclusive", (over) => {
      this.#leads = true;
      this.#over.signal.addEventListener("abort", over);
    });
    this.turned();
  }

  /** Whether this is the tab that tells of what happens while all are hidden. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Lets the others see whether this tab is visible: by a lock, which a tab that dies gives back. */
  turned(): void {
    this.#hide?.();
    if (document.hidden) return;
    this.#hold(this.#visible, "shared", (over) => {
      this.#hide?.();
      this.#hide = over;
      if (document.hidden) over(); // it was turned away from meanwhile
    });
  }

  async isAnyVisible(): Promise<boolean> {
    const { held } = await navigator.locks.query();
    return !!held?.some(({ name }) => name === this.#visible);
  }

  tell(told: Told): void {
    this.#channel.postMessage(told);
  }

  close(): void {
    this.#hide?.();
    this.#over.abort();
    this.#channel.close();
  }

  get #visible(): string {
    return `${this.#name} visible`;
  }

  /** Without a secure context there are no locks, and no notices of the browser either. */
  #hold(name: string, mode: LockMode, held: (over: () => void) => void): void {
    const { signal } = this.#over;
    const wait = () => new Promise<void>((over) => held(over));
    navigator.locks?.request(name, { mode, signal }, wait).catch(() => {}); // no longer wanted
  }
}
