/** The provider as a process: Pulumi's engine starts it with its own address as the argument. */
import { main } from "../plugin/server";
import { provider } from "./provider";

void main(provider);
