/** Tables of plain text: a column for each heading, as wide as its widest cell. */
import { stripVTControlCharacters } from "node:util";
import type { Channel } from "./terminal.ts";
import { shorten } from "./escape.ts";

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly align?: "right";
  /** Gives way first where the terminal is narrow. */
  readonly flexible?: true;
}

const GAP = "  ";
/** A column that gives way keeps so many characters. */
const FLEXIBLE_WIDTH_MIN = 12;

/** Cells may be painted; their text must have been made safe. Off a terminal nothing is cut off. */
export function printTable<Row>(out: Channel, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...cells.map((line) => widthOf(line[index] ?? ""))),
  );
  narrow(columns, widths, out.columns);
  const headings = columns.map(({ heading }) => heading);
  out.line(out.paint("dim", lineOf(columns, widths, headings)));
  for (const line of cells) out.line(lineOf(columns, widths, line));
}

function narrow<Row>(columns: readonly Column<Row>[], widths: number[], available: number): void {
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  const flexible = columns.findIndex((column) => column.flexible === true);
  const width = widths[flexible];
  if (width === undefined || total <= available) return;
  widths[flexible] = Math.max(Math.min(FLEXIBLE_WIDTH_MIN, width), width - (total - available));
}

function lineOf<Row>(columns: readonly Column<Row>[], widths: readonly number[], cells: readonly string[]): string {
  const padded = columns.map(({ align }, index) => {
    const width = widths[index] ?? 0;
    const cell = fit(cells[index] ?? "", width);
    const space = " ".repeat(Math.max(0, width - widthOf(cell)));
    return align === "right" ? space + cell : cell + space;
  });
  return padded.join(GAP).trimEnd();
}

/** A painted cell is cut without its paint: half an escape sequence would colour the rest of the screen. */
const fit = (cell: string, width: number): string =>
  widthOf(cell) <= width ? cell : shorten(stripVTControlCharacters(cell), width);

const widthOf = (cell: string): number => Array.from(stripVTControlCharacters(cell)).length;
