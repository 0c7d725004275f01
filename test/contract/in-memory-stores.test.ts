/** The stores in memory, on which the domain tests stand, keep the contracts. */
import { createInMemoryStores } from '../domain/in-memory-stores';
import { storeContracts } from './store-contracts';

const stores = createInMemoryStores();

storeContracts(() => stores);
