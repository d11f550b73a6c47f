// SPDX-License-Identifier: Apache-2.0

/// Which operator is made by what.
extension TensorGraphImporter {
    typealias Importing =
        @Sendable (inout TensorGraphImporter, ONNXNode) throws(ONNXError) -> [ImportedValue?]
    typealias ImportingOne =
        @Sendable (inout TensorGraphImporter, ONNXNode) throws(ONNXError) -> ImportedValue

    /// Gives a value for each output of the node, or fewer.
    mutating func operation(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        if let one = Self.operators[node.operator] { return [try one(&self, node)] }
        if let several = Self.operatorsOfSeveralOutputs[node.operator] {
            return try several(&self, node)
        }
        if let function = try scalarFunction(node) { return [try apply(function, node)] }
        throw node.refusal(Self.advice(for: node.operator))
    }

    /// Names of the operators that are accepted, in alphabetical order.
    static let acceptedOperators =
        (Array(operators.keys) + operatorsOfSeveralOutputs.keys + scalarFunctions + ["Constant"])
        .sorted()

    private static func advice(for name: String) -> String {
        if let advice = advice[name] { return advice }
        if let domain = name.split(separator: ".").dropLast().last, name.contains(".") {
            if name.hasPrefix("com.microsoft.QLinear") {
                return
                    "it is an operator of onnxruntime's own; quantize statically in the QDQ format (quant_format=QuantFormat.QDQ)"
            }
            if name.hasPrefix("com.microsoft") || name.hasPrefix("com.ms") {
                return
                    "it is an operator that onnxruntime's optimizer or quantizer makes for itself; take the model as it was exported, without optimization (GraphOptimizationLevel.ORT_DISABLE_ALL where it was saved)"
            }
            if name.hasPrefix("ai.onnx.ml") {
                return
                    "this operator of ai.onnx.ml is not supported; export the model without the step, and do it before encryption or after decryption"
            }
            return
                "an operator of the domain '\(domain)', which only its maker's runtime knows; export the model with standard ONNX operators"
        }
        return
            "the operator is not supported; express it by others when exporting, or export the model without this step"
    }

    /// Why operators are refused that models of the right kind may have, and what to do.
    static let advice: [String: String] = [
        "DynamicQuantizeLinear": dynamic, "com.microsoft.DynamicQuantizeMatMul": dynamic,
        "com.microsoft.MatMulIntegerToFloat": dynamic, "com.microsoft.DynamicQuantizeLSTM": dynamic,
        "GRU": recurrent, "LSTM": recurrent, "RNN": recurrent,
        "Scan": scan, "com.microsoft.CDist": distances,
    ]

    private static let dynamic =
        "its scale depends on each sample (dynamic quantization), which nobody knows of encrypted ones; quantize statically (quantize_static), or take the float model"
    private static let recurrent =
        "a recurrent layer has a function after each step, so as many one after another as there are steps, and encrypted only three or four are carried; train a model with Conv over time, or with one dense layer of all steps"
    private static let scan =
        "control flow over steps or stored samples is not supported; export the model for one fixed input size, or write the steps out"
    private static let neighbors =
        "nearest neighbors are not served: the smallest of the distances to all stored samples are compared, which no polynomial does; a linear model, a polynomial kernel or a network is accepted"
    private static let distances =
        "distances to stored samples, of which kernels are made (Gaussian processes), are not served: no polynomial comes near their exponentials; a linear model, a polynomial kernel or a network is accepted"
    private static let radial =
        "the kernel 'RBF': exponentials of the distances to all support vectors, which no polynomial comes near; LINEAR and POLY, a polynomial as it is, are accepted"

    /// Why the model as a whole is refused, said before what any other node lacks.
    func checkKind() throws(ONNXError) {
        let nodes = graph.nodes.filter { $0.outputs.contains(where: needed.contains) }
        let selects = nodes.contains { $0.operator == "TopK" || $0.operator == "ArgMin" }
        for node in nodes {
            if node.operator.hasPrefix("ai.onnx.ml.SVM"),
                try node.string("kernel_type", default: "LINEAR") == "RBF"
            {
                throw node.refusal(Self.radial)
            }
            guard node.operator == "Scan" || node.operator.hasSuffix(".CDist") else { continue }
            let isDistance =
                node.operator.hasSuffix(".CDist")
                || node.bodies.contains { body in
                    body.nodes.contains { $0.operator == "ReduceSumSquare" || $0.operator == "Sub" }
                }
            if isDistance { throw node.refusal(selects ? Self.neighbors : Self.distances) }
        }
    }

    static let operators: [String: ImportingOne] = [
        "Add": { importer, node throws(ONNXError) in try importer.arithmetic(node, .add) },
        "Sub": { importer, node throws(ONNXError) in try importer.arithmetic(node, .subtract) },
        "Mul": { importer, node throws(ONNXError) in try importer.arithmetic(node, .multiply) },
        "Div": { importer, node throws(ONNXError) in try importer.arithmetic(node, .divide) },
        "Sum": { importer, node throws(ONNXError) in try importer.sum(node) },
        "Mean": { importer, node throws(ONNXError) in try importer.sum(node) },
        "Pow": { importer, node throws(ONNXError) in try importer.power(node) },
        "Mod": { importer, node throws(ONNXError) in try importer.remainder(node) },
        "Equal": { importer, node throws(ONNXError) in try importer.comparison(node) },
        "Less": { importer, node throws(ONNXError) in try importer.comparison(node) },
        "LessOrEqual": { importer, node throws(ONNXError) in try importer.comparison(node) },
        "Greater": { importer, node throws(ONNXError) in try importer.comparison(node) },
        "GreaterOrEqual": { importer, node throws(ONNXError) in try importer.comparison(node) },
        "Where": { importer, node throws(ONNXError) in try importer.selection(node) },
        "Cast": { importer, node throws(ONNXError) in try importer.cast(node) },
        "MatMul": { importer, node throws(ONNXError) in try importer.matrixProduct(node) },
        "Gemm": { importer, node throws(ONNXError) in try importer.gemm(node) },
        "Conv": { importer, node throws(ONNXError) in try importer.convolution(node) },
        "ConvTranspose": { importer, node throws(ONNXError) in
            try importer.transposedConvolution(node)
        },
        "AveragePool": { importer, node throws(ONNXError) in try importer.pool(node) },
        "MaxPool": { importer, node throws(ONNXError) in try importer.pool(node) },
        "GlobalAveragePool": { importer, node throws(ONNXError) in try importer.globalPool(node) },
        "GlobalMaxPool": { importer, node throws(ONNXError) in try importer.globalPool(node) },
        "ReduceMean": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceSum": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceMax": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceMin": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceProd": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceL1": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceL2": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceSumSquare": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceLogSum": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "ReduceLogSumExp": { importer, node throws(ONNXError) in try importer.reduction(node) },
        "LpNormalization": { importer, node throws(ONNXError) in try importer.normOfAxis(node) },
        "Max": { importer, node throws(ONNXError) in try importer.extremum(node) },
        "Min": { importer, node throws(ONNXError) in try importer.extremum(node) },
        "Selu": { importer, node throws(ONNXError) in try importer.composed(node) },
        "Celu": { importer, node throws(ONNXError) in try importer.composed(node) },
        "Mish": { importer, node throws(ONNXError) in try importer.composed(node) },
        "Softsign": { importer, node throws(ONNXError) in try importer.composed(node) },
        "ThresholdedRelu": { importer, node throws(ONNXError) in try importer.composed(node) },
        "Shrink": { importer, node throws(ONNXError) in try importer.composed(node) },
        "PRelu": { importer, node throws(ONNXError) in try importer.parametricRelu(node) },
        "InstanceNormalization": { importer, node throws(ONNXError) in
            try importer.instanceNormalization(node)
        },
        "GroupNormalization": { importer, node throws(ONNXError) in
            try importer.groupNormalization(node)
        },
        "RMSNormalization": { importer, node throws(ONNXError) in
            try importer.rootMeanSquareNormalization(node)
        },
        "MeanVarianceNormalization": { importer, node throws(ONNXError) in
            try importer.meanVarianceNormalization(node)
        },
        "LRN": { importer, node throws(ONNXError) in try importer.localResponseNormalization(node)
        },
        "BatchNormalization": { importer, node throws(ONNXError) in
            try importer.batchNormalization(node)
        },
        "Softmax": { importer, node throws(ONNXError) in try importer.softmax(node) },
        "LogSoftmax": { importer, node throws(ONNXError) in try importer.softmax(node) },
        "ArgMax": { importer, node throws(ONNXError) in try importer.argMax(node) },
        "ArgMin": { importer, node throws(ONNXError) in try importer.argMax(node) },
        "Not": { importer, node throws(ONNXError) in try importer.logic(node) },
        "And": { importer, node throws(ONNXError) in try importer.logic(node) },
        "Or": { importer, node throws(ONNXError) in try importer.logic(node) },
        "Xor": { importer, node throws(ONNXError) in try importer.logic(node) },
        "IsNaN": { importer, node throws(ONNXError) in try importer.classified(node) },
        "IsInf": { importer, node throws(ONNXError) in try importer.classified(node) },
        "Hardmax": { importer, node throws(ONNXError) in try importer.hardmax(node) },
        "OneHot": { importer, node throws(ONNXError) in try importer.oneHot(node) },
        "SequenceConstruct": { importer, node throws(ONNXError) in try importer.sequence(node) },
        "ai.onnx.ml.Binarizer": { importer, node throws(ONNXError) in
            try importer.binarizer(node)
        },
        "ai.onnx.ml.LabelEncoder": { importer, node throws(ONNXError) in
            try importer.labelEncoder(node)
        },
        "QuantizeLinear": { importer, node throws(ONNXError) in try importer.quantize(node) },
        "DequantizeLinear": { importer, node throws(ONNXError) in try importer.dequantize(node) },
        "com.microsoft.QuantizeLinear": { importer, node throws(ONNXError) in
            try importer.quantize(node)
        },
        "com.microsoft.DequantizeLinear": { importer, node throws(ONNXError) in
            try importer.dequantize(node)
        },
        "QLinearConv": { importer, node throws(ONNXError) in
            try importer.integerConvolution(node)
        },
        "ConvInteger": { importer, node throws(ONNXError) in
            try importer.integerConvolution(node)
        },
        "QLinearMatMul": { importer, node throws(ONNXError) in
            try importer.integerMatrixProduct(node)
        },
        "MatMulInteger": { importer, node throws(ONNXError) in
            try importer.integerMatrixProduct(node)
        },
        "com.microsoft.QGemm": { importer, node throws(ONNXError) in
            try importer.integerGemm(node)
        },
        "com.microsoft.QLinearAdd": { importer, node throws(ONNXError) in
            try importer.integerArithmetic(node)
        },
        "com.microsoft.QLinearMul": { importer, node throws(ONNXError) in
            try importer.integerArithmetic(node)
        },
        "com.microsoft.QLinearAveragePool": { importer, node throws(ONNXError) in
            try importer.integerPool(node)
        },
        "com.microsoft.QLinearGlobalAveragePool": { importer, node throws(ONNXError) in
            try importer.integerGlobalPool(node)
        },
        "com.microsoft.QLinearSigmoid": { importer, node throws(ONNXError) in
            try importer.integerFunction(node)
        },
        "com.microsoft.QLinearLeakyRelu": { importer, node throws(ONNXError) in
            try importer.integerFunction(node)
        },
        "com.microsoft.QLinearConcat": { importer, node throws(ONNXError) in
            try importer.integerConcatenation(node)
        },
        "Einsum": { importer, node throws(ONNXError) in try importer.einsum(node) },
        "GatherND": { importer, node throws(ONNXError) in try importer.gatherND(node) },
        "Resize": { importer, node throws(ONNXError) in try importer.resize(node) },
        "Identity": { importer, node throws(ONNXError) in try importer.identity(node) },
        "ai.onnx.ml.ZipMap": { importer, node throws(ONNXError) in try importer.zipMap(node) },
        "Flatten": { importer, node throws(ONNXError) in try importer.flatten(node) },
        "Reshape": { importer, node throws(ONNXError) in try importer.reshape(node) },
        "Squeeze": { importer, node throws(ONNXError) in try importer.squeeze(node) },
        "Unsqueeze": { importer, node throws(ONNXError) in try importer.unsqueeze(node) },
        "Shape": { importer, node throws(ONNXError) in try importer.shape(node) },
        "Size": { importer, node throws(ONNXError) in try importer.shape(node) },
        "ConstantOfShape": { importer, node throws(ONNXError) in
            try importer.constantOfShape(node)
        },
        "Range": { importer, node throws(ONNXError) in try importer.range(node) },
        "Transpose": { importer, node throws(ONNXError) in try importer.transpose(node) },
        "Slice": { importer, node throws(ONNXError) in try importer.slice(node) },
        "Gather": { importer, node throws(ONNXError) in try importer.gather(node) },
        "Pad": { importer, node throws(ONNXError) in try importer.pad(node) },
        "GatherElements": { importer, node throws(ONNXError) in try importer.gatherElements(node) },
        "ScatterElements": { importer, node throws(ONNXError) in try importer.scatter(node) },
        "ScatterND": { importer, node throws(ONNXError) in try importer.scatter(node) },
        "Compress": { importer, node throws(ONNXError) in try importer.compress(node) },
        "Trilu": { importer, node throws(ONNXError) in try importer.triangle(node) },
        "CumSum": { importer, node throws(ONNXError) in try importer.runningSum(node) },
        "NonZero": { importer, node throws(ONNXError) in try importer.nonZero(node) },
        "Expand": { importer, node throws(ONNXError) in try importer.expand(node) },
        "Tile": { importer, node throws(ONNXError) in try importer.tile(node) },
        "Concat": { importer, node throws(ONNXError) in try importer.concatenation(node) },
        "DepthToSpace": { importer, node throws(ONNXError) in try importer.depthToSpace(node) },
        "SpaceToDepth": { importer, node throws(ONNXError) in try importer.spaceToDepth(node) },
        "ai.onnx.ml.Imputer": { importer, node throws(ONNXError) in try importer.imputer(node) },
        "ai.onnx.ml.OneHotEncoder": { importer, node throws(ONNXError) in
            try importer.oneHotEncoder(node)
        },
        "ai.onnx.ml.Scaler": { importer, node throws(ONNXError) in try importer.scaler(node) },
        "ai.onnx.ml.Normalizer": { importer, node throws(ONNXError) in
            try importer.normalizer(node)
        },
        "ai.onnx.ml.ArrayFeatureExtractor": { importer, node throws(ONNXError) in
            try importer.features(node)
        },
        "ai.onnx.ml.LinearRegressor": { importer, node throws(ONNXError) in
            try importer.linearRegressor(node)
        },
        "ai.onnx.ml.TreeEnsemble": { importer, node throws(ONNXError) in
            try importer.treeEnsemble(node)
        },
        "ai.onnx.ml.TreeEnsembleRegressor": { importer, node throws(ONNXError) in
            try importer.treeRegressor(node)
        },
        "ai.onnx.ml.SVMRegressor": { importer, node throws(ONNXError) in
            try importer.supportVectorRegressor(node)
        },
    ]

    static let operatorsOfSeveralOutputs: [String: Importing] = [
        "If": { importer, node throws(ONNXError) in try importer.branch(node) },
        "Loop": { importer, node throws(ONNXError) in try importer.loop(node) },
        "Split": { importer, node throws(ONNXError) in try importer.split(node) },
        "TopK": { importer, node throws(ONNXError) in try importer.top(node) },
        "LayerNormalization": { importer, node throws(ONNXError) in
            try importer.layerNormalization(node)
        },
        "Dropout": { importer, node throws(ONNXError) in try importer.dropout(node) },
        "ai.onnx.ml.LinearClassifier": { importer, node throws(ONNXError) in
            try importer.linearClassifier(node)
        },
        "ai.onnx.ml.TreeEnsembleClassifier": { importer, node throws(ONNXError) in
            try importer.treeClassifier(node)
        },
        "ai.onnx.ml.SVMClassifier": { importer, node throws(ONNXError) in
            try importer.supportVectorClassifier(node)
        },
    ]
}
