/**
 * Where the gateways of the embedded cloud are: an API for gateways with user tokens, and one for gateways with signatures,
 * each on its own port. The functions of the service need the addresses when they load, so the ports are bound before.
 */
import { createServer, type RequestListener } from 'node:http';
import { sendError, starting } from './gateway-errors';
import { listenOnLoopback, LOOPBACK, portBehind, type DerivedPort, type Listening } from './loopback-server';
import type { SettingNames } from './setting-names';

/** An API whose port is bound. */
export interface BoundApi extends Listening {
  /** Base URL of its gateways. */
  readonly url: string;
  /** Sets what serves requests. Until then, the API returns that it is starting. */
  readonly serve: (listener: RequestListener) => void;
}

export interface GatewayApis {
  readonly jwt: BoundApi;
  readonly iam: BoundApi;
}

/** @throws StartError for a port that is taken or not permitted */
export async function bindApi(where: DerivedPort, names?: SettingNames): Promise<BoundApi> {
  let serve: RequestListener = (_request, response) => {
    sendError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const listening = await listenOnLoopback(server, where, names);
  return {
    ...listening,
    url: `http://${LOOPBACK}:${listening.port}`,
    serve: (listener) => {
      serve = listener;
    },
  };
}

/**
 * Binds the ports of the gateways.
 *
 * @param servicePort port of the service; 0 for free ports
 * @throws StartError for a port that is taken or not permitted
 */
export async function bindGatewayApis(servicePort: number, names?: SettingNames): Promise<GatewayApis> {
  const jwt = await bindApi(portBehind(servicePort, 12, 'gateways with user tokens'), names);
  try {
    return { jwt, iam: await bindApi(portBehind(servicePort, 13, 'gateways with signatures'), names) };
  } catch (error) {
    await jwt.close();
    throw error;
  }
}
