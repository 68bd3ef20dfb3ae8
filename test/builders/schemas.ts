/** The schema library that an author of pipelines is likely to bring. */
export { z } from "zod";
