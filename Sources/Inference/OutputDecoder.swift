import BigIntegers

/// From residues modulo each t_i to the one integer in an output's certified range.
struct OutputDecoder: Sendable {
    private let plan: ClientPlan
    private let crt: CRTBasis
    /// Of each t_i, what undoes the outputs' unit.
    private let inverses: [UInt64]
    /// The lowest value of each output, and the same modulo t, where there is one t and values fit machine words.
    private let lowest: [(value: Int64, residue: UInt64)]?

    init(_ plan: ClientPlan) {
        self.plan = plan
        let moduli = plan.parameters.plaintextModuli
        crt = CRTBasis(moduli: moduli)
        inverses = zip(plan.outputUnits, moduli).map {
            ModularArithmetic.inverse($0, modulo: $1)!
        }
        let limit = BigInt(1) << 61
        let bounds = plan.certificate.outputBounds
        if moduli.count == 1,
            bounds.allSatisfy({ -limit < $0.lowerBound && $0.upperBound < limit })
        {
            lowest = bounds.map {
                let value = Int64(exactly: $0.lowerBound)!
                return (value, ModularArithmetic.reduce(value, modulo: moduli[0]))
            }
        } else {
            lowest = nil
        }
    }

    var isSmall: Bool { lowest != nil }

    func smallInteger(_ residue: UInt64, output: Int) -> Int64 {
        let t = plan.parameters.plaintextModuli[0]
        let value = ModularArithmetic.multiply(residue, inverses[0], modulo: t)
        let (low, reduced) = lowest![output]
        return low + Int64(ModularArithmetic.subtract(value, reduced, modulo: t))
    }

    func integer(_ residues: [UInt64], output: Int) -> BigInt {
        if isSmall { return BigInt(smallInteger(residues[0], output: output)) }
        let lowest = plan.certificate.outputBounds[output].lowerBound
        let values = residues.indices.map {
            ModularArithmetic.multiply(
                residues[$0], inverses[$0], modulo: plan.parameters.plaintextModuli[$0])
        }
        return lowest + (crt.reconstruct(residues: values) - lowest).modulo(crt.product)
    }
}
