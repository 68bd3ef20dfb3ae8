/** The same examples each time, so that a score is a figure and not a throw of dice; and no search for the smallest failure. */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_121, endOnFailure: true });
