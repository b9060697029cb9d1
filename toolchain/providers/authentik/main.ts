import { main } from "../../../plugin/server";
import { provider } from "./plugin";

void main(provider);
