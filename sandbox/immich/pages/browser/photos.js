import { requireUser } from "./common.js";

await requireUser();
