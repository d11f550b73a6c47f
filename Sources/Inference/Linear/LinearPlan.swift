import BigIntegers
import IntegerNetworks
import Paillier

/// What a client needs of a linear network under Paillier: input and output encoding, the size of its key. No weights.
public struct LinearClientPlan: Sendable, Equatable {
    public let keySize: PaillierKeySize
    public let input: InputSpecification
    public let reading: OutputReading
    /// Bits of a slot: those of the largest output or input, a sign among them.
    public let slotBits: Int
    public let cost: LinearCost

    /// Samples in one plaintext, side by side: every ciphertext holds a feature of as many.
    public var slotCount: Int { (keySize.bits - 2) / slotBits }
    public var outputCount: Int { reading.bounds.count }

    package init(
        keySize: PaillierKeySize, input: InputSpecification, reading: OutputReading,
        slotBits: Int, cost: LinearCost
    ) {
        self.keySize = keySize
        self.input = input
        self.reading = reading
        self.slotBits = slotBits
        self.cost = cost
    }

    /// How many plaintexts a feature of so many samples takes.
    public func groups(of samples: Int) -> Int { (samples + slotCount - 1) / slotCount }

    func packing(_ key: PaillierPublicKey) throws -> PackingLayout {
        try PackingLayout(slotBits: slotBits, count: slotCount, publicKey: key)
    }
}

/// Exact counts and bytes of one group of samples: as many as a plaintext holds.
public struct LinearCost: Sendable, Equatable {
    public let requestBytes: Int
    public let replyBytes: Int
    public let publicKeyBytes: Int
    /// Products modulo n^2 for all outputs, squarings among them; masks, biases and inversions not counted.
    public let products: Int
    public let squarings: Int

    package init(
        requestBytes: Int, replyBytes: Int, publicKeyBytes: Int, products: Int, squarings: Int
    ) {
        self.requestBytes = requestBytes
        self.replyBytes = replyBytes
        self.publicKeyBytes = publicKeyBytes
        self.products = products
        self.squarings = squarings
    }
}

/// A plan of a linear network under Paillier: the server's artifact.
///
/// There is no noise, and no parameter to choose but the size of the key. What is certified is the range of the outputs: a sum that fits
/// its slot is exact.
public struct LinearPlan: Sendable {
    public let network: IntegerNetwork
    public let client: LinearClientPlan
    let form: LinearForm

    /// - Parameter keySize: 128-bit security by default.
    /// - Throws: `LinearPlanError` for a network with products, or outputs that no plaintext holds.
    public init(_ network: IntegerNetwork, keySize: PaillierKeySize = .standard) throws {
        let form = try LinearForm(network)
        let range = network.input.range
        let largest = BigInt(max(range.lowerBound.magnitude, range.upperBound.magnitude))
        let bound = PaillierMatrix.bound(
            rows: form.rows, biases: form.biases, inputMagnitude: largest)
        let bits = PackingLayout.slotBits(outputBound: max(bound, largest))
        guard bits <= keySize.bits - 2 else {
            throw LinearPlanError.tooWide(bits: bits, available: keySize.bits - 2)
        }
        self.network = network
        self.form = form
        let bounds = OutputBounds.certify(network)
        let ciphertext = keySize.bits / 4
        // Counts depend on the weights, not on the key.
        let counts = PaillierMatrix.counts(rows: form.rows, batch: 1)
        client = LinearClientPlan(
            keySize: keySize, input: network.input,
            reading: OutputReading(
                bounds: bounds.outputs, boundMethod: bounds.methodSummary, rangeIsProven: true,
                scale: network.outputScale, labels: network.labels, decision: network.decision,
                transform: network.transform),
            slotBits: bits,
            cost: LinearCost(
                requestBytes: network.inputCount * ciphertext,
                replyBytes: network.outputCount * ciphertext,
                publicKeyBytes: 8 + 3 * keySize.bits / 8, products: counts.products,
                squarings: counts.squarings))
    }
}
