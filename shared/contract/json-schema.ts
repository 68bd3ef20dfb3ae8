/** A module of its own, so that what loads it on demand, and a bundle of that, has this part of the library alone. */
export { fromJSONSchema } from "zod";
