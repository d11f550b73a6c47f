// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// Where a layout has an image: as many columns from one map to the next, from one row of pixels to the next and from one
/// pixel to the next, everywhere. Pooling leaves gaps: pixels stay where one of those that they were made of was.
struct ImageGrid: Hashable {
    let map: Int
    let row: Int
    let pixel: Int
    /// After which all repeats; maps are so many columns of it.
    let period: Int

    /// nil where the layout's features don't lie so.
    init?(_ layout: SlotLayout, image: ImageShape, shape: SlotShape) {
        var places = [Int](repeating: -1, count: image.count)
        for column in 0..<shape.columns {
            let feature = layout.features[column]
            guard feature != SlotLayout.empty, feature < image.count else { continue }
            if places[Int(feature)] < 0 { places[Int(feature)] = column }
        }
        guard let first = places.first, places.allSatisfy({ $0 >= first && first >= 0 }) else {
            return nil
        }
        period = layout.period(shape)
        let pixels = image.height * image.width
        // An image of one pixel, row or map has any distance; the least that is none of another's.
        pixel = image.width > 1 ? places[1] - first : 1
        row = image.height > 1 ? places[image.width] - first : image.width * pixel
        map = image.channels > 1 ? places[pixels] - first : period
        let grid = self
        guard first == 0, pixel > 0, row >= image.width * pixel, map > 0, map & (map - 1) == 0,
            places.indices.allSatisfy({ feature in
                let (channel, place) = feature.quotientAndRemainder(dividingBy: pixels)
                let (y, x) = place.quotientAndRemainder(dividingBy: image.width)
                return places[feature] == channel * grid.map + y * grid.row + x * grid.pixel
            })
        else { return nil }
    }

    /// Of what a convolution puts out: each pixel where the first one of its window is, so that a tap is at one distance
    /// everywhere; nil where it is no place of the grid. Maps lie beside each other as far as there is room between pixels:
    /// weights and tables of a map are then the same at all of them, after a few columns again. Others have blocks of
    /// their own, or the room between rows where these are more than all columns.
    func placement(of convolution: Convolution, columns: Int) -> Placement? {
        let image = convolution.outputShape
        let (row, pixel) = (
            row * convolution.strides.height, pixel * convolution.strides.width
        )
        let block = map < self.pixel ? period : map
        guard image.width * pixel <= row || image.height == 1 else { return nil }
        let maps = image.channels.nextPowerOfTwo
        var gaps = Extent(height: 1, width: min(maps, pixel & -pixel))
        while (image.height - 1) * row + (gaps.height - 1) * (row / gaps.height)
            + (image.width - 1) * pixel + gaps.width <= block
        {
            let placement = Placement(image: image, map: block, row: row, pixel: pixel, gaps: gaps)
            if placement.period <= columns { return placement }
            gaps.height *= 2
            guard gaps.height * gaps.width <= maps, row % gaps.height == 0,
                image.width * pixel * gaps.height <= row
            else { return nil }
        }
        return nil
    }
}
