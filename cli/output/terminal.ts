/** Where commands print: results on stdout, everything else on stderr. */
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** What a stream has to have; `process.stdout` and `process.stderr` do. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Channel {
  /** A person reads it as it comes, and lines may be drawn over. */
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal; unbounded where it is none. */
  readonly columns: number;
  line(text?: string): void;
  write(text: string): void;
  /** Coloured if it is a terminal that shows colours, and neither NO_COLOR nor the like says otherwise. */
  paint(format: Format, text: string): string;
}

export interface Terminal {
  readonly out: Channel;
  readonly err: Channel;
  /** Aborts once nobody reads stdout any more (`freshet runs | head`); what is printed then is dropped. */
  readonly closed: AbortSignal;
}

export function createTerminal(stdout: OutputStream, stderr: OutputStream): Terminal {
  const closed = new AbortController();
  return {
    out: createChannel(stdout, () => closed.abort()),
    err: createChannel(stderr, () => undefined),
    closed: closed.signal,
  };
}

function createChannel(stream: OutputStream, onClosed: () => void): Channel {
  let open = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!isGone(error)) throw error;
    open = false;
    onClosed();
  });
  const write = (text: string): void => {
    if (open) stream.write(text);
  };
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY === true && stream.columns !== undefined && stream.columns > 0
        ? stream.columns
        : Number.POSITIVE_INFINITY;
    },
    line: (text = "") => write(`${text}\n`),
    write,
    paint: (format, text) => styleText(format, text, { stream }),
  };
}

/** The reader has gone: not a fault of ours, and nobody is left to be told. */
const isGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === "EPIPE" || code === "ECONNRESET" || code === "EOF" || code === "ERR_STREAM_DESTROYED";
