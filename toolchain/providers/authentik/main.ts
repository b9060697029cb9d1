import { main } from "../server";
import { provider } from "./plugin";

void main(provider);
