// SPDX-License-Identifier: Apache-2.0

// Keys, their gadgets and counters of operations belong to the module below, and come with this one.
@_exported import Lattice
