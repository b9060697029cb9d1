import { main } from "../../../plugin/server";
import { outlivesMs } from "../outlives";
import { provider } from "./plugin";

void main(provider, outlivesMs);
