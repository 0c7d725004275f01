/** The in-memory stores, which the domain tests use, fulfill the contracts. */
import { createInMemoryStores } from '../domain/in-memory-stores';
import { storeContracts } from './store-contracts';

const stores = createInMemoryStores();

storeContracts(() => stores);
