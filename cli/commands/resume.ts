import { holding } from "../operate/hold.ts";

export const execute = holding("resume");
